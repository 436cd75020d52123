"""Keys on disk: made by the operating system's generator, mode 0600, never overwritten."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from rostra.ground.keys import KeyRing

KEY_BYTES = 32
RING_KEYS = 3  # a rotated key checks until two newer ones came


class KeyTrouble(Exception):
    """A key file that cannot be used, with what to do about it."""


def load_or_create(data_dir: Path, name: str) -> bytes:
    """The key `name`, 32 bytes; made at first use. Raises KeyTrouble on a damaged file."""
    folder = data_dir / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return _read(path)


def ring_path(data_dir: Path, name: str) -> Path:
    """Where the ring `name` stands."""
    return data_dir / "keys" / f"{name}.ring"


def load_ring(data_dir: Path, name: str) -> KeyRing:
    """The ring `name`; made with one key at first use. Raises KeyTrouble on a damaged file."""
    path = ring_path(data_dir, name)
    if not path.exists():
        _write_ring(path, KeyRing((secrets.token_bytes(KEY_BYTES),)))
    return KeyRing(tuple(_parsed(line, path) for line in _private(path).split()))


def rotate_ring(data_dir: Path, name: str) -> KeyRing:
    """A new key signs from now on; tokens of the older two still hold. Raises KeyTrouble."""
    older = load_ring(data_dir, name).keys
    ring = KeyRing((secrets.token_bytes(KEY_BYTES), *older)[:RING_KEYS])
    _write_ring(ring_path(data_dir, name), ring)
    return ring


def _write_ring(path: Path, ring: KeyRing) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    with os.fdopen(descriptor, "w") as file:
        file.write("".join(f"{key.hex()}\n" for key in ring.keys))
        file.flush()
        os.fsync(file.fileno())
    os.replace(made, path)


def _private(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        raise KeyTrouble(f"{path} can be read by others; run: chmod 600 {path}")
    return path.read_text()


def _read(path: Path) -> bytes:
    return _parsed(_private(path), path)


def _parsed(text: str, path: Path) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyTrouble(
            f"{path} is damaged. Restore it from a backup; without it old links do not work. "
            f"To start with a new key, move the file away."
        )
    return key
