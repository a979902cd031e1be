"""SSH keys of a lab: made with it and gone with it, so none is worth stealing and none is ever committed."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An ed25519 key; `path` is the private half."""

    path: Path

    @property
    def public(self) -> str:
        """The public half: type and key, as known_hosts and authorized_keys take them."""
        kind, key, *_ = self.path.with_name(f"{self.path.name}.pub").read_text().split()
        return f"{kind} {key}"

    def made(self) -> Self:
        """Itself, there from now on."""
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(self.path)]
            subprocess.run(command, check=True, capture_output=True, timeout=30)
        return self

    def replaced(self) -> Self:
        """Another key at the same place."""
        self.path.unlink(missing_ok=True)
        self.path.with_name(f"{self.path.name}.pub").unlink(missing_ok=True)
        return self.made()
