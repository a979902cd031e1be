"""What the three programs share: a small HTTP server that answers from a function."""

import json
import os
import signal
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, str, str]  # status, content type, text
Respond = Callable[[BaseHTTPRequestHandler], Answer]


def as_json(status: int, value: object) -> Answer:
    """The value as a JSON answer."""
    return status, "application/json", json.dumps(value) + "\n"


def serve(respond: Respond) -> None:
    """Listen on PORT of this machine until asked to end."""

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self) -> None:
            """Answer; /healthz always says that the program runs."""
            status, kind, text = as_json(200, "ok") if self.path == "/healthz" else respond(self)
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            """Answer in the same way."""
            self.do_GET()

        def log_message(self, format: str, *arguments: object) -> None:
            """Keep health checks out of the log."""
            if self.path != "/healthz":
                super().log_message(format, *arguments)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
