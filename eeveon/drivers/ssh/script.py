"""Scripts for hosts: constant text in which values are quoted words. Pure.

A script is sent on the standard input of `sh -s`, so no value is ever seen in a list of processes. It is one function
that its last line calls: a script that arrives cut off does nothing. It begins and ends with a mark of its own, which
tells its words from what a login shell may say, and complete output from output that was cut.
"""

import re
import shlex
from collections.abc import Iterable

from eeveon.errors import ActionRefused

BEGIN = "eeveon:begin"
END = "eeveon:end"
REFUSED = 65  # the exit status of a script that says no; its last words say why
BUSY = 75  # somebody else works on the same: nothing was done, and later it can be

_PLACE = re.compile(r"(?<!\$)\{([a-z][a-z0-9_]*)\}")

Word = str | int


class Raw(str):
    """A piece of script that was filled before, or the name of a variable in quotes. Never made of a value."""

    __slots__ = ()


def variable(name: str) -> Raw:
    """The value of a variable of the script, as one word."""
    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name), "names of variables are ours"
    return Raw(f'"${{{name}}}"')


def fill(template: str, /, **values: "Word | Iterable[Word]") -> Raw:
    """The template with each `{name}` replaced by its value as a quoted word; several values become several words.

    `${name}` is the shell's own and stays. Every value must have its place and every place its value.
    Raises ActionRefused for what no shell can hold.
    """
    used: set[str] = set()

    def replaced(found: re.Match[str]) -> str:
        used.add(found[1])
        return _words(values[found[1]])

    text = _PLACE.sub(replaced, template)
    if unused := values.keys() - used:
        raise KeyError(f"the script has no place for {', '.join(sorted(unused))}")
    return Raw(text)


def joined(parts: Iterable[Word]) -> Raw:
    """One word of several pieces: values, and variables of the script among them."""
    return Raw("".join(_word(part) for part in parts) or "''")


def complete(body: str) -> str:
    """The script as it is sent: the body (of functions and commands) between prelude and marks."""
    return f"eeveon() {{\n{_PRELUDE}\n{body}\n:\n}}\neeveon; exit\n"


def locked(body: str, *, scope: tuple[str, str], root: str, fence: int, key: str) -> str:
    """The script of something that writes: nobody else works on `key` meanwhile, and no later writer has come.

    `$S` is the folder of the scope on the host.
    """
    project, environment = scope
    head = fill(
        _FENCED,
        root=rooted(root),
        project=project,
        environment=environment,
        fence=fence,
        key=key,
        scope=f"{project}/{environment}",
    )
    return complete(f"{head}\n{body}")


def rooted(path: str) -> Raw:
    """A path on the host as a word; a leading `~/` is the home of who logs in."""
    if path.startswith("~/"):
        return joined((Raw('"${HOME}"'), path[1:]))
    return joined((path,))


def _words(value: "Word | Iterable[Word]") -> str:
    if isinstance(value, str | int):
        return _word(value)
    return " ".join(_word(item) for item in value)


def _word(value: Word) -> str:
    if isinstance(value, Raw):
        return value
    text = str(value)
    if "\0" in text:
        raise ActionRefused("a text holds the character NUL, which no program can be given", hint="remove it")
    return shlex.quote(text)


_PRELUDE = r"""
LC_ALL=C; TZ=UTC; export LC_ALL TZ; unset CDPATH ENV BASH_ENV SYSTEMD_PAGER; umask 077
PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"; export PATH
[ -n "${XDG_RUNTIME_DIR-}" ] || for d in /run/user/*; do [ ! -O "$d" ] || XDG_RUNTIME_DIR=$d; done
[ -z "${XDG_RUNTIME_DIR-}" ] || export XDG_RUNTIME_DIR
refuse() { printf '%s\n' "$*" >&2; exit 65; }
busy() { printf '%s\n' "$*" >&2; exit 75; }
section() { printf '\neeveon:section %s\n' "$1"; }
cannot_write() { rm -f "$1.new"; refuse "cannot write $1: is the disk full or read-only?"; }
# keep FILE MODE: standard input becomes the file, all of it or nothing of it. Behind a pipe, end with `|| exit`.
keep() { cat > "$1.new" 2>/dev/null && settle "$1" "$2" || cannot_write "$1"; }
# put FILE MODE TEXT: the file holds the text, all of it or nothing of it; `changed` says whether it did not before.
put() {
  printf '%s' "$3" > "$1.new" 2>/dev/null || cannot_write "$1"
  if cmp -s "$1.new" "$1"; then rm -f "$1.new"; return 0; fi
  settle "$1" "$2" || cannot_write "$1"; changed=yes
}
settle() { chmod "$2" "$1.new" && { sync "$1.new" 2>/dev/null || :; } && mv -f "$1.new" "$1"; }
trap 'status=$?; printf "\neeveon:end %s\n" "$status"' 0
printf 'eeveon:begin\n'
"""

_FENCED = r"""
S={root}/{project}/{environment}
mkdir -p "$S/locks" "$S/instances" "$S/env" "$S/sums" 2>/dev/null && [ -w "$S" ] \
  || refuse "cannot make $S on this host"
exec 8>"$S/locks/"{key} || refuse "cannot write in $S"
flock -w 60 8 || busy "somebody else works on "{key}" on this host"
exec 9>"$S/lock" || refuse "cannot write in $S"
flock -w 60 9 || busy "somebody else works on this host"
shown=$(cat "$S/fence" 2>/dev/null || echo 0); fence={fence}
[ "${shown:-0}" -le "$fence" ] \
  || refuse "a later writer has "{scope}": this one has fence $fence, and $shown was shown since"
put "$S/fence" 600 "$fence"
unlock() { exec 9>&-; }
"""
