"""Writes the time into a file, once a second, so that no reader ever sees half of it."""

import sys
import time
from pathlib import Path


def main(place: Path) -> None:
    """Run until ended."""
    fresh = place.with_suffix(".new")
    while True:
        fresh.write_text(time.strftime("%H:%M:%S\n"), encoding="ascii")
        fresh.replace(place)
        time.sleep(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
