"""TLS for all ports from one certificate; a renewed file is picked up without a restart."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

log = logging.getLogger(__name__)


class TlsTrouble(Exception):
    """The certificate or key cannot be used, with what to do about it."""


def _check(cert: Path, key: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except FileNotFoundError as error:
        missing = cert if not cert.exists() else key
        raise TlsTrouble(f"TLS: there is no file {missing}") from error
    except (ssl.SSLError, OSError) as error:
        raise TlsTrouble(
            f"TLS: {cert} and {key} do not work together: {error}. Both must be PEM, and the key "
            f"must be the certificate's."
        ) from error


def make_context(cert: Path, key: Path) -> ssl.SSLContext:
    """A server context, TLS 1.2 and later, HTTP/1.1. Raises TlsTrouble."""
    _check(cert, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(cert, key)
    return context


def _stamp(cert: Path, key: Path) -> tuple[int, ...]:
    try:
        return (
            cert.stat().st_mtime_ns,
            cert.stat().st_ino,
            key.stat().st_mtime_ns,
            key.stat().st_ino,
        )
    except OSError:
        return ()


async def watch(context: ssl.SSLContext, cert: Path, key: Path, every_s: float = 2.0) -> None:
    """Load a renewed pair into `context`, for ever. New connections use it; old ones go on.

    A pair that does not fit together (a renewal half written) leaves the old one in place.
    """
    seen = _stamp(cert, key)
    while True:
        await asyncio.sleep(every_s)
        stamp = _stamp(cert, key)
        if not stamp or stamp == seen:
            continue
        try:
            _check(cert, key)
        except TlsTrouble as error:
            log.warning("%s; the old certificate stays", error)
        else:
            context.load_cert_chain(cert, key)
            log.info("TLS: the renewed certificate is in use")
        seen = stamp
