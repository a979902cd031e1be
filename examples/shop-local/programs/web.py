"""The shop's page. GET /: banner, products, cart. POST /buy/cup: puts one into the cart."""

import json
import os
from http.server import BaseHTTPRequestHandler
from urllib.request import Request, urlopen

from answers import Answer, serve

TOKEN = {"Authorization": f"Bearer {os.environ['CART_TOKEN']}"}


def respond(request: BaseHTTPRequestHandler) -> Answer:
    """The page, after what was asked for."""
    if request.command == "POST":
        name = request.path.rpartition("/")[2]
        fetch(Request(f"{os.environ['CART_URL']}/{name}", headers=TOKEN, method="POST"))
    products = fetch(Request(os.environ["CATALOG_URL"]))
    cart = fetch(Request(os.environ["CART_URL"], headers=TOKEN))
    hidden = os.environ.get("PRICES") == "hidden"
    lines = [os.environ["BANNER"]]
    lines += [name if hidden else f"{name} {cents / 100:.2f}" for name, cents in products.items()]
    lines += [f"in your cart: {count} {name}" for name, count in cart.items()]
    return 200, "text/plain; charset=utf-8", "\n".join(lines) + "\n"


def fetch(request: Request) -> dict[str, int]:
    """What another service answers."""
    with urlopen(request, timeout=2) as answer:
        found: dict[str, int] = json.load(answer)
    return found


if __name__ == "__main__":
    serve(respond)
