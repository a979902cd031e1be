"""Every way to fail, with canaries in every place a value can be: none is in the error, its chain or its traceback."""

import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from eeveon.core.secret import FromEncrypted, FromEnvironment, FromFile, SecretValue
from eeveon.errors import SecretError
from eeveon.secrets import age
from eeveon.secrets.edit import (
    EncryptedFile,
    Keys,
    list_keys,
    plain_text,
    remove_value,
    rotate,
    sealed_text,
    set_value,
)
from eeveon.secrets.editor import edit
from eeveon.secrets.encrypted import entry_version, keys_of
from eeveon.secrets.identities import identity_candidates, read_identities
from eeveon.secrets.sources import Resolver

CANARY = "canary4711"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    folder: Path
    keys: Keys
    strangers: Keys
    now: datetime

    def file(self, name: str) -> EncryptedFile:
        return EncryptedFile(name=name, content=(self.folder / name).read_bytes())

    def resolver(self, keys: Keys | None = None) -> Resolver:
        identities = (keys or self.keys).identities
        return Resolver(lambda path: (self.folder / path).read_bytes(), {"TOKEN": CANARY}, identities)


@pytest.fixture
def scene(tmp_path: Path, keys: Keys, other_keys: Keys, now: datetime) -> Scene:
    found = Scene(folder=tmp_path, keys=keys, strangers=other_keys, now=now)
    content = set_value(
        EncryptedFile(name="a.yaml", content=None), "db.password", SecretValue(CANARY), keys, now=now
    )
    (tmp_path / "a.yaml").write_bytes(content)
    (tmp_path / "moved.yaml").write_bytes(content.replace(b"password", b"passwort"))
    (tmp_path / "mac.yaml").write_bytes(content + f"x_unencrypted: {CANARY}\n".encode())
    (tmp_path / "b.json").write_bytes(
        set_value(EncryptedFile(name="b.json", content=None), "a", SecretValue(CANARY), keys, now=now)
    )
    broken = {
        "bad.yaml.age": f"a: [{CANARY}",
        "alias.yaml.age": f"a: *{CANARY}",
        "tag.yaml.age": f"a: !{CANARY} {{x: \0}}",
        "list.yaml.age": f"- {CANARY}",
        "bad.json.age": f'{{"a": {CANARY}}}',
        "twice.json.age": f'{{"a": "{CANARY}", "a": "{CANARY}"}}',
        "bad.env.age": f"{CANARY}!",
        "text.age": CANARY,
        "map.yaml.age": f"a: {{b: {CANARY}}}\nl: [{CANARY}]",
    }
    for name, text in broken.items():
        (tmp_path / name).write_bytes(age.encrypt(text.encode(), keys.recipients, armored=True))
    (tmp_path / "bytes.age").write_bytes(
        age.encrypt(CANARY.encode() + b"\xff", keys.recipients, armored=False)
    )
    (tmp_path / "plain.yaml").write_text(f"a: {CANARY}\n")
    (tmp_path / "plain.json").write_text(f'{{"sops": {CANARY}')
    (tmp_path / "bytes").write_bytes(CANARY.encode() + b"\xff")
    return found


def _resolving(scene: Scene) -> Iterator[Callable[[], object]]:
    for path in sorted(scene.folder.iterdir()):
        for key in ("", "a", "db", "l", "db.password", "passwort", "a.b.c", "l.7"):
            for keys in (scene.keys, scene.strangers, Keys(identities=age.Identities())):
                ref = FromEncrypted(file=path.name, key=key)
                yield lambda ref=ref, keys=keys: scene.resolver(keys).resolve(ref)  # type: ignore[misc]  # defaults bind the loop's names
    yield lambda: scene.resolver().resolve(FromFile(path="bytes"))
    yield lambda: scene.resolver().resolve(FromFile(path="none"))
    yield lambda: scene.resolver().resolve(FromEnvironment(variable="NONE"))


def _changing(scene: Scene) -> Iterator[Callable[[], object]]:
    value, now = SecretValue(CANARY), scene.now
    for path in sorted(scene.folder.iterdir()):
        for keys in (scene.keys, scene.strangers):
            file = scene.file(path.name)
            for key in ("", "db", "a.b.c", "a b", "l.9", "x_unencrypted"):
                yield lambda f=file, key=key, k=keys: set_value(f, key, value, k, now=now)  # type: ignore[misc]  # as above
            yield lambda f=file, k=keys: remove_value(f, "none", k, now=now)  # type: ignore[misc]  # as above
            yield lambda f=file, k=keys: rotate(f, ("age1x",), k.identities, now=now)  # type: ignore[misc]  # as above
            yield lambda f=file, k=keys: list_keys(f, k.identities)  # type: ignore[misc]  # as above
            yield lambda f=file, k=keys: plain_text(f, k.identities)  # type: ignore[misc]  # as above
        yield lambda f=file: keys_of(f.content or b"")  # type: ignore[misc]  # as above
        yield lambda f=file: entry_version(f.content or b"", "none")  # type: ignore[misc]  # as above
    for text in (
        f"a: [{CANARY}",
        f"a: *{CANARY}",
        f"- {CANARY}",
        f"sops: {CANARY}",
        f"a: 1\na: {CANARY}",
        CANARY,
    ):
        yield lambda text=text: sealed_text(scene.file("a.yaml"), text, scene.keys, now=now)  # type: ignore[misc]  # as above
        yield lambda text=text: sealed_text(scene.file("b.json"), text, scene.keys, now=now)  # type: ignore[misc]  # as above
        yield lambda text=text: _edited(scene, text)  # type: ignore[misc]  # as above
    yield lambda: set_value(EncryptedFile(name="n.env", content=None), "a.b", value, scene.keys, now=now)
    yield lambda: set_value(
        EncryptedFile(name="n", content=None), "a", SecretValue(CANARY + "\udcff"), scene.keys, now=now
    )
    secret = scene.keys.identities.keys[0].text.reveal()
    yield lambda: age.encrypt(CANARY.encode(), (secret,), armored=True)


def _edited(scene: Scene, text: str) -> bytes | None:
    def editor(place: Path) -> None:
        place.write_text(text)

    return edit(scene.file("a.yaml"), scene.keys, scene.now, editor, again=lambda problem: False)


def _everything_said(error: BaseException) -> str:
    said = "".join(traceback.format_exception(error))
    chain: list[BaseException | None] = [error]
    while chain:
        found = chain.pop()
        if found is not None:
            said += repr(found) + str(found) + repr(vars(found)) + repr(found.args)
            chain += [found.__cause__, found.__context__]
    return said


def _error_of(attempt: Callable[[], object]) -> SecretError | None:
    try:
        attempt()
    except SecretError as error:
        return error
    return None


def test_no_error_holds_a_value(scene: Scene) -> None:
    secret = scene.keys.identities.keys[0].text.reveal()
    attempts = (*_resolving(scene), *_changing(scene))
    errors = [error for attempt in attempts if (error := _error_of(attempt)) is not None]
    for error in errors:
        said = _everything_said(error)
        assert CANARY not in said
        assert secret not in said
        assert error.__context__ is error.__cause__ is None
    assert len(errors) > 300
    assert len({error.message.split(" ", 1)[-1] for error in errors}) > 25


def test_what_is_kept_in_memory_does_not_print(scene: Scene) -> None:
    resolver = scene.resolver()
    resolver.resolve(FromEncrypted(file="a.yaml", key="db.password"))
    assert CANARY not in repr(resolver) + repr(resolver._opened) + repr(resolver._opened["a.yaml"].values)


def test_an_identity_is_never_told(tmp_path: Path) -> None:
    candidates = identity_candidates(
        {"EEVEON_AGE_IDENTITY": CANARY, "SOPS_AGE_KEY": f"AGE-SECRET-KEY-1{CANARY}"}, tmp_path
    )
    identities = read_identities(candidates)
    assert CANARY not in repr(candidates) + repr(identities) + identities.search
