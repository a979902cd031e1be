"""Small web images, made as bytes: the same busybox gives the same digests, and no engine is needed to build them."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

APPLETS = (
    "sh",
    "httpd",
    "wget",
    "sleep",
    "cat",
    "ls",
    "id",
    "echo",
    "env",
    "true",
    "false",
    "kill",
    "ps",
    "nslookup",
)
PORT = 8080
SERVE = ("httpd", "-f", "-p", str(PORT), "-h", "/www")
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A web image: what it runs, and the pages it serves (path below the root to text)."""

    name: str
    version: str
    command: tuple[str, ...] = SERVE
    pages: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes with the address that the registry gives them."""

    content: bytes

    @property
    def digest(self) -> str:
        """`sha256:` and the hash."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """An image as a registry stores it."""

    blobs: tuple[Blob, ...]
    manifest: Blob


HEALTHY = {"index.html": "v1\n", "healthz": "ok\n"}

RECIPES = (
    Recipe(name="web", version="1", pages=HEALTHY),
    Recipe(name="web", version="2", pages=HEALTHY | {"index.html": "v2\n"}),
    Recipe(name="web", version="sick", pages={"index.html": "sick\n"}),  # /healthz is 404
    Recipe(name="web", version="exits", command=("sh", "-c", "echo cannot start >&2; exit 3"), pages=HEALTHY),
    Recipe(
        name="web", version="slow", command=("sh", "-c", f"sleep 2; exec {' '.join(SERVE)}"), pages=HEALTHY
    ),
)


def build(recipe: Recipe) -> Built:
    """The image's blobs and manifest: one layer with busybox, shared by all recipes, and one with the pages."""
    layers = (Blob(content=_busybox_layer()), Blob(content=_pages_layer(recipe.pages)))
    settings = Blob(content=_json(_settings(recipe, layers)))
    return Built(blobs=(*layers, settings), manifest=Blob(content=_json(_manifest(settings, layers))))


def _settings(recipe: Recipe, layers: tuple[Blob, ...]) -> dict[str, object]:
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Cmd": list(recipe.command),
            "Env": ["PATH=/bin", f"VERSION={recipe.version}"],
            "ExposedPorts": {f"{PORT}/tcp": {}},
            "StopSignal": "SIGKILL",  # busybox as process 1 ignores SIGTERM: each stop would take 10 s
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
    }


def _manifest(settings: Blob, layers: tuple[Blob, ...]) -> dict[str, object]:
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _descriptor("application/vnd.docker.container.image.v1+json", settings),
        "layers": [_descriptor("application/vnd.docker.image.rootfs.diff.tar", layer) for layer in layers],
    }


def _descriptor(media_type: str, blob: Blob) -> dict[str, object]:
    return {"mediaType": media_type, "size": len(blob.content), "digest": blob.digest}


def _busybox_layer() -> bytes:
    binary = shutil.which("busybox")
    if binary is None:
        raise FileNotFoundError("busybox: install busybox-static")
    files = {"bin/busybox": Path(binary).read_bytes(), "etc/passwd": b"root:x:0:0:root:/:/bin/sh\n"}
    return _tar(
        folders=("bin", "etc", "tmp"), files=files, links={f"bin/{applet}": "busybox" for applet in APPLETS}
    )


def _pages_layer(pages: Mapping[str, str]) -> bytes:
    return _tar(
        folders=("www",), files={f"www/{path}": text.encode() for path, text in pages.items()}, links={}
    )


def _tar(*, folders: tuple[str, ...], files: Mapping[str, bytes], links: Mapping[str, str]) -> bytes:
    """A tar without times and owners, so that it is the same bytes each time."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for folder in folders:
            archive.addfile(_member(folder, tarfile.DIRTYPE))
        for path, content in files.items():
            member = _member(path, tarfile.REGTYPE)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for path, goal in links.items():
            member = _member(path, tarfile.SYMTYPE)
            member.linkname = goal
            archive.addfile(member)
    return target.getvalue()


def _member(path: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path)
    member.type = kind
    member.mode = 0o755
    return member


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
