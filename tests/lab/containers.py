"""What a lab says to its engine about the containers that are its hosts: a client for each talk, closed after it."""

import io
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import docker
from docker.errors import APIError
from docker.models.containers import Container

from tests.lab.waiting import LabError


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file for a host."""

    text: str
    mode: int = 0o644
    owner: int = 0  # of the group too


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How a command on a host ended."""

    status: int
    output: str
    errors: str


@contextmanager
def talk(url: str) -> Iterator[docker.DockerClient]:
    """A client of the engine; what the engine refuses is a LabError."""
    client = docker.DockerClient(base_url=url, timeout=120)
    try:
        yield client
    except APIError as error:
        raise LabError(f"the engine at {url} refused: {error.explanation or error}") from error
    finally:
        client.close()


def put(container: Container, files: Mapping[str, File]) -> None:
    """Write files at paths below the root, into folders that exist, whether the container runs or not."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, file in files.items():
            content = file.text.encode()
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(content), file.mode
            member.uid = member.gid = file.owner
            tar.addfile(member, io.BytesIO(content))
    container.put_archive("/", archive.getvalue())


def execute(container: Container, command: tuple[str, ...], *, user: str) -> Said:
    """Run a command inside."""
    status, (output, errors) = container.exec_run(list(command), user=user, demux=True)
    assert status is not None  # it has ended
    return Said(status=status, output=_text(output), errors=_text(errors))


def _text(part: object) -> str:
    """The engine gives None for a stream on which nothing came."""
    return part.decode(errors="replace") if isinstance(part, bytes) else ""
