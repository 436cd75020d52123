"""TLS with files that are renewed."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rostra.control.tls_io import TlsTrouble, make_context, watch


def write_pair(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for `name` and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=2))
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_path, key_path


async def name_served(port: int) -> str:
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    common = x509.load_der_x509_certificate(der).subject
    return str(common.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


async def test_a_renewed_pair_is_used_without_a_restart(tmp_path: Path) -> None:
    cert, key = write_pair(tmp_path, "first")
    context = make_context(cert, key)
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    watching = asyncio.create_task(watch(context, cert, key, every_s=0.01))
    try:
        assert await name_served(port) == "first"
        write_pair(tmp_path, "second")
        async with asyncio.timeout(10):
            while await name_served(port) != "second":
                await asyncio.sleep(0.02)
        cert.write_text("half written")
        await asyncio.sleep(0.1)
        assert await name_served(port) == "second"
    finally:
        watching.cancel()
        server.close()


def test_files_that_do_not_belong_together_are_told(tmp_path: Path) -> None:
    cert, _ = write_pair(tmp_path, "a")
    other = tmp_path / "other"
    other.mkdir()
    _, key = write_pair(other, "b")
    with pytest.raises(TlsTrouble, match="do not work together"):
        make_context(cert, key)
    with pytest.raises(TlsTrouble, match="no file"):
        make_context(tmp_path / "nope.pem", key)
