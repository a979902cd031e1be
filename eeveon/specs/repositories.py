"""Addresses of Git repositories and names of their branches, as far as specs may hold them. Pure.

Git itself would run programs that an address names (`ext::…`, `--upload-pack=…`), so only known forms are let through.
"""

import re
from typing import Final

SCHEMES: Final = ("https", "ssh", "http", "file")

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_SHORT = re.compile(
    r"(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9_.-]*)@)?(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>[^:].*)"
)
_HOST = re.compile(
    r"(?:[A-Za-z0-9_][^/@:]*@)?(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:.]+\])(?::[0-9]+)?(?:/.*)"
)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# Where a forge answers ssh on the port of https, for networks that let nothing else out.
_OTHER_NAMES: Final = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}
_NOT_IN_NAMES = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")


def is_folder(address: str) -> bool:
    """Whether it is a path on the controller's machine; one that begins with `.` counts from the specs' repository."""
    return address in {".", ".."} or address.startswith(("/", "./", "../"))


def wrong_address(address: str) -> str:
    """What is wrong with the address of a repository; "" if nothing is."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in address):
        return "it holds a control character"
    if is_folder(address):
        return ""
    if url := _URL.fullmatch(address):
        return _wrong_url(url["scheme"], url["rest"])
    known = _SHORT.fullmatch(address)
    return (
        ""
        if known
        else "it is neither a URL, nor `host:path`, nor a folder, which begins with `/`, `./` or `../`"
    )


def _wrong_url(scheme: str, rest: str) -> str:
    if scheme not in SCHEMES:
        return f"`{scheme}` is not among {', '.join(SCHEMES)}"
    if scheme == "file":
        return "" if rest.startswith("/") else "a file URL has three slashes: file:///srv/web.git"
    user, at, _ = rest.partition("/")[0].rpartition("@")
    if at and ":" in user:
        return "it holds a password, which everybody who reads the specs or a plan would see"
    return "" if _HOST.fullmatch(rest) else "its host cannot be read"


def wrong_ref(name: str) -> str:
    """What is wrong with the name of a branch or tag; "" if nothing is. The rules are Git's own."""
    if not name:
        return "it is empty"
    bad = _NOT_IN_NAMES.search(name)
    if bad is not None:
        return f"a name in Git cannot hold {bad[0]!r}"
    if name.startswith(("-", "/")) or name.endswith(("/", ".")) or name == "@":
        return "a name in Git cannot begin or end like that"
    if any(part.startswith(".") or part.endswith(".lock") for part in name.split("/")):
        return "no part of a name in Git begins with `.` or ends with `.lock`"
    return ""


def is_commit(text: str) -> bool:
    """Whether it is a full object id."""
    return _COMMIT.fullmatch(text) is not None


def likeness(address: str) -> str:
    """What the addresses of one repository have in common: `github.com/acme/shop`, however it is reached.

    Without scheme, user, port and `.git`, in lower case. Two repositories may look alike by it, so it may decide who is
    woken, and never what is read.
    """
    url = _URL.fullmatch(address)
    if url is None and is_folder(address):
        return _folded(address)
    if url is not None:
        host, _, path = url["rest"].partition("/")
        if url["scheme"] == "file":
            return _folded(f"/{path}")
    else:
        host, _, path = address.partition(":")
    host = host.rpartition("@")[2].lower()
    name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    return f"{_OTHER_NAMES.get(name, name)}/{_folded(path).lstrip('/')}"


def _folded(path: str) -> str:
    return path.rstrip("/").removesuffix(".git").rstrip("/").lower()
