"""Text without the values of secrets: for what a program wrote, which may quote what it was given."""

import json
from collections.abc import Iterable, Iterator

from eeveon.core.secret import REDACTED, SecretValue

SHORTEST_LINE = (
    4  # of a value of several lines: masking each "}" of a key in JSON would leave nothing to read
)


def redacted(text: str, values: Iterable[SecretValue]) -> str:
    """The text without these values: as they are, line by line, escaped as in JSON or a URL, in hex or base64."""
    forms = {form for value in values for form in _forms(value.reveal()) if form.strip()}
    for form in sorted(forms, key=len, reverse=True):  # one value may be a part of another
        text = text.replace(form, REDACTED)
    return text


def _forms(value: str) -> Iterator[str]:
    from base64 import b64encode, urlsafe_b64encode  # only where something has failed
    from urllib.parse import quote

    raw = value.encode("utf-8", "surrogatepass")
    yield value
    yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= SHORTEST_LINE)
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    yield from (quote(raw), quote(raw, safe=""))
    yield from (raw.hex(), raw.hex().upper())
    for encode in (b64encode, urlsafe_b64encode):
        yield encode(raw).decode().rstrip("=")
        for padding in (
            1,
            2,
        ):  # inside of more, as in a header: its first and last characters are its neighbours'
            yield encode(b"\0" * padding + raw).decode()[4:-4]
