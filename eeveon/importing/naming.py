"""Names as specs have them, and which values are likely to be secret."""

import re
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final

LONGEST: Final = 40  # characters of a name
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SECRET_NAME = re.compile(
    r"""PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|COOKIE_?KEY|(?:^|_)(?:PASS|PW|PWD|DSN|SALT|KEY)$
      | (?:API|ACCESS|PRIVATE|SIGNING|ENCRYPTION|MASTER|APP|AUTH|LICENSE)_?KEY""",
    re.VERBOSE | re.IGNORECASE,
)
_ABOUT_ONE = re.compile(  # how long, where, how: nothing that opens anything
    r"_(?:FILE|PATH|DIR|TTL|AGE|EXPIRY|EXPIRES(?:_IN)?|EXPIRATION|TIMEOUT|LENGTH|ENABLED|ENDPOINT|ALGORITHM|NAME|ID|ISSUER|TYPE)$",
    re.IGNORECASE,
)
_HARMLESS = frozenset({"", "true", "false", "yes", "no", "on", "off", "0", "1", "none", "null"})
_SECRET_VALUE = re.compile(
    r"""[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@                   # a URL with a password
      | -----BEGIN\ [A-Z ]*PRIVATE\ KEY
      | (?:^|[^A-Za-z0-9])(?:sk_live_|sk-ant-|ghp_|github_pat_|glpat-|xox[abp]-|AKIA[0-9A-Z]{12})
      | (?:password|passwd|pwd|secret)=[^;&\s]+""",
    re.VERBOSE | re.IGNORECASE,
)
MASK: Final = "SECRET"
_IN_A_URL = re.compile(r"([a-z][a-z0-9+.-]*://[^/\s:@]*:)([^/\s@]+)(?=@)", re.IGNORECASE)
_FLAG: Final = r"--?[A-Za-z0-9-]*(?:password|passwd|passphrase|requirepass|secret|token|api-?key)"
_AFTER_A_FLAG = re.compile(rf"((?:^|[\s'\"]){_FLAG}(?:=|\s+)['\"]?)([^\s'\"-][^\s'\"]*)", re.IGNORECASE)
_ONLY_A_FLAG = re.compile(_FLAG, re.IGNORECASE)
_PORT_NAMES: Final[Mapping[int, str]] = {
    **dict.fromkeys((80, 3000, 5000, 8000, 8080, 8888, 9000), "http"),
    **dict.fromkeys((443, 8443), "https"),
    22: "ssh",
    25: "smtp",
    53: "dns",
    1883: "mqtt",
    3306: "mysql",
    5432: "postgres",
    5672: "amqp",
    6379: "redis",
    9092: "kafka",
    9200: "elastic",
    11211: "memcached",
    27017: "mongo",
}


def spec_name(written: str) -> str:
    """The nearest text that can be a name: `My_Shop` → `my-shop`. "" where nothing of it can."""
    return _NOT_IN_NAMES.sub("-", written.lower()).strip("-")[:LONGEST].strip("-")


def unique(wanted: str, taken: Collection[str]) -> str:
    """The name, or with a number behind it the first that is free."""
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted[: LONGEST - 4]}-{number}" in taken:
        number += 1
    return f"{wanted[: LONGEST - 4]}-{number}"


def is_variable(name: str) -> bool:
    """Whether specs can have a variable of that name."""
    return _VARIABLE.fullmatch(name) is not None


def is_secret(name: str, value: str) -> bool:
    """Whether the value is probably one that nobody else may read, by its name or its form."""
    if value.strip().lower() in _HARMLESS:
        return False
    return names_secret(name) or _SECRET_VALUE.search(value) is not None


def names_secret(name: str) -> bool:
    """Whether a variable is called as those are that hold secrets."""
    return _SECRET_NAME.search(name) is not None and _ABOUT_ONE.search(name) is None


def masked(text: str) -> str:
    """The text of a command without the values of secrets in it: of URLs, and behind options that are called so.

    What begins with a dollar sign is a variable, and stays.
    """
    for pattern in (_IN_A_URL, _AFTER_A_FLAG):
        text = pattern.sub(lambda found: found[0] if found[2].startswith("$") else found[1] + MASK, text)
    return text


def masked_words(words: Iterable[str]) -> list[str]:
    """The words of a command without the values of secrets in them."""
    found: list[str] = []
    for word in words:
        is_value = bool(found) and _ONLY_A_FLAG.fullmatch(found[-1]) and not word.startswith(("-", "$"))
        found.append(MASK if is_value else masked(word))
    return found


def fits_any(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns, as in a shell, is of that name."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def port_name(number: int, protocol: str, taken: Collection[str]) -> str:
    """What to call a port: by what usually listens there, else by its number."""
    usual = _PORT_NAMES.get(number) if protocol == "tcp" else None
    if usual is not None and usual not in taken:
        return usual
    plain = f"port-{number}" if protocol == "tcp" else f"{protocol}-{number}"
    return unique(plain, taken)
