"""GET /: what is in the cart. POST /cup: one cup more. Both only with the token; kept in the file of the argument."""

import json
import os
import sys
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Lock

from answers import Answer, as_json, serve

LOCK = Lock()


def respond(request: BaseHTTPRequestHandler) -> Answer:
    """The cart, after what was asked for."""
    if not compare_digest(request.headers.get("Authorization", ""), f"Bearer {os.environ['CART_TOKEN']}"):
        return as_json(401, "no token, or a wrong one")
    with LOCK:
        file = Path(sys.argv[1])
        cart: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        if request.command == "POST":
            name = request.path.strip("/")
            cart[name] = cart.get(name, 0) + 1
            file.write_text(json.dumps(cart))
    return as_json(200, cart)


if __name__ == "__main__":
    serve(respond)
