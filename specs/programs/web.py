"""Answers every GET with a greeting, the time from a file, and the name of the instance that answers."""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Page(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self) -> None:
        """The page; /healthz answers 200 while the time can be read."""
        try:
            clock = Path(sys.argv[1]).read_text(encoding="ascii").strip()
        except OSError as error:
            self._answer(503, f"no time to tell: {error}\n")
            return
        greeting, instance = os.environ["GREETING"], os.environ["EEVEON_INSTANCE"]
        self._answer(200, f"{greeting}. It is {clock}, says {instance}.\n")

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep health checks out of the log."""
        if self.path != "/healthz":
            super().log_message(format, *arguments)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page)
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()
