"""GET /: what is for sale, with prices in cents."""

from http.server import BaseHTTPRequestHandler

from answers import Answer, as_json, serve

PRODUCTS = {"cup": 450, "plate": 700, "spoon": 120}


def respond(_request: BaseHTTPRequestHandler) -> Answer:
    """Every product."""
    return as_json(200, PRODUCTS)


if __name__ == "__main__":
    serve(respond)
