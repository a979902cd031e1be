"""Reads `eeveon status --format json` and fetches the page of every instance of one service."""

import json
import sys
from urllib.request import urlopen


def main(service: str) -> int:
    """0 if every instance answered 200."""
    instances = [item for item in json.load(sys.stdin)["instances"] if item["service"] == service]
    for item in instances:
        for end in item["endpoints"]:
            url = f"http://{end['host']}:{end['number']}/"
            with urlopen(url, timeout=5) as answer:
                sys.stdout.write(f"GET {url} → {answer.status} {answer.read().decode()}")
    return 0 if instances else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
