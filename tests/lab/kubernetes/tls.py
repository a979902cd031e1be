"""Certificates of a server: made with it and gone with it, so none is worth stealing and none is ever committed."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.lab.kubernetes.clock import today

_LIVES = datetime.timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Files: the authority to trust, the server's certificate and its key."""

    authority: Path
    server: Path
    key: Path

    @classmethod
    def made(cls, folder: Path) -> "Certificates":
        """New ones in that folder."""
        files = cls(authority=folder / "ca.crt", server=folder / "server.crt", key=folder / "server.key")
        authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab authority")])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab server")])
        root = _signed(
            issuer,
            issuer,
            authority.public_key(),
            authority,
            x509.BasicConstraints(ca=True, path_length=None),
        )
        names = x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        )
        leaf = _signed(subject, issuer, key.public_key(), authority, names)
        files.authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
        files.server.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    by: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.datetime.fromtimestamp(today(), tz=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - _LIVES)
    return (
        builder.not_valid_after(now + _LIVES)
        .add_extension(extension, critical=False)
        .sign(by, hashes.SHA256())
    )
