"""What was applied as one object, kept as an annotation of it, so that the next plan knows it without asking anybody."""

import gzip
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final

import orjson

from eeveon.core.secret import SecretRef, references
from eeveon.core.values import Fields, plain
from eeveon.drivers.kubernetes.render import Instance, Manifest, fields_of

APPLIED: Final = "eeveon.dev/applied"
PROTECTED: Final = "eeveon.dev/protected"
RANK: Final = "eeveon.dev/rank"
RESTS: Final = (
    "eeveon.dev/rests"  # we scaled it to nothing; its applied replicas are those it is to have again
)
_LONG: Final = (
    1 << 14
)  # bytes from which the annotation is written compressed: all of them together may have 256 KiB
_COMPRESSED: Final = "gzip:"
_SORTED: Final = orjson.OPT_SORT_KEYS


@dataclass(frozen=True, kw_only=True)
class Made:
    """An object as it is written: `body` is complete. An instance has its ConfigMap, Secret and autoscaler with it.

    `secrets` are the references that the Secret is made of, or, of a Secret itself, nothing: its values stay in `body`
    when it is sent, and are left out of what is kept.
    """

    body: Fields
    config: Fields | None = None
    secret: Fields | None = None  # without its values
    refs: Fields = field(default_factory=dict)  # by key, as `values.plain` writes references
    scaler: Fields | None = None
    digests: Fields | None = None  # of a Secret whose values were left out: `fields_of` it

    @classmethod
    def of_instance(cls, instance: Instance) -> "Made":
        """From what a service is rendered as."""
        secret = instance.secret
        return cls(
            body=instance.manifest.body,
            config=instance.config.body if instance.config else None,
            secret=secret.body if secret else None,
            refs={name: plain(ref) for name, ref in secret.secrets.items()} if secret else {},
            scaler=instance.scaler.body if instance.scaler else None,
        )

    @classmethod
    def of_support(cls, manifest: Manifest) -> "Made":
        """From any other object."""
        return cls(body=manifest.body)

    @property
    def parts(self) -> tuple[Fields, ...]:
        """The bodies that come before the object itself: what its pods refer to."""
        return tuple(part for part in (self.config, self.secret) if part is not None)

    @property
    def is_secret(self) -> bool:
        """Whether its values must not be kept anywhere."""
        return self.body.get("kind") == "Secret" and self.body.get("apiVersion") == "v1"

    @cached_property
    def text(self) -> str:
        """As it is kept. Raises nothing; the server refuses what is too long."""
        kept: dict[str, object] = {"body": self.body}
        if self.is_secret:
            kept["body"] = {
                name: value for name, value in self.body.items() if name not in {"data", "stringData"}
            }
            kept["digests"] = self.fields
        for name in ("config", "secret", "refs", "scaler"):
            if value := getattr(self, name):
                kept[name] = value
        text = orjson.dumps(kept, option=_SORTED)
        if len(text) < _LONG:
            return text.decode()
        return _COMPRESSED + b64encode(gzip.compress(text, mtime=0)).decode()

    @cached_property
    def fields(self) -> Fields:
        """As a plan shows it."""
        if self.digests is not None:
            return self.digests
        data: Any = self.config.get("data") if self.config else None
        return fields_of(self.body, data, self.refs or None, self.scaler)

    @property
    def references(self) -> Mapping[str, SecretRef]:
        """Where the values of the Secret come from."""
        return references({"secrets": self.refs})


@lru_cache(maxsize=20_000)
def made_of(text: str) -> Made | None:
    """What an annotation keeps; None for one that is not ours to read."""
    try:
        raw = gzip.decompress(b64decode(text[len(_COMPRESSED) :])) if text.startswith(_COMPRESSED) else text
        kept = orjson.loads(raw)
        return Made(**kept)
    except (ValueError, TypeError, OSError, EOFError):
        return None
