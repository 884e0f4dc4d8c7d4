"""What we sign answers to other systems with: a key and its certificate, in files that only we may read.

The brand may put its own there, issued by an authority for the host of REGULARS_BASE_URL. Without, one is made that
vouches for itself.
"""

from __future__ import annotations

import base64
import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from regulars.app import App
from regulars.kit.durable import sync_folder

KEY, CERTIFICATE = "opendsr.key.pem", "opendsr.certificate.pem"
KEY_BITS = 3_072
PUBLIC_EXPONENT = 65_537
VALID = timedelta(days=3_650)


def domain(app: App) -> str:
    """The host that answers are signed for."""
    return urlsplit(app.settings.base_url).hostname or ""


def certificate(app: App) -> bytes:
    """By which a signature is checked, as PEM."""
    return _files(app)[1].read_bytes()


def signature(app: App, body: bytes) -> str:
    """RSA over SHA-256 of the body, in Base64."""
    key = serialization.load_pem_private_key(_files(app)[0].read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey), "the reference asks for RSA"
    return base64.b64encode(key.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()


def _files(app: App) -> tuple[Path, Path]:
    """Where key and certificate stand; made by the first who needs them."""
    folder = app.settings.home_path / "secrets"
    key, known = folder / KEY, folder / CERTIFICATE
    if not key.exists() or not known.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made, by_itself = _made(app)
        # Two at once: whoever links the key first has made the pair, the other one's is thrown away.
        if _put(key, made):
            _put(known, by_itself)
        sync_folder(folder)
    return key, known


def _put(file: Path, content: bytes) -> bool:
    part = file.with_name(f"{file.name}.{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    try:
        os.link(part, file)
    except FileExistsError:
        return False
    finally:
        part.unlink()
    return True


def _made(app: App) -> tuple[bytes, bytes]:
    key, host, now = rsa.generate_private_key(PUBLIC_EXPONENT, KEY_BITS), domain(app), app.clock.now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return plain, built.public_bytes(serialization.Encoding.PEM)
