"""Keys on disk: made by the operating system's generator, mode 0600, never overwritten."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

KEY_BYTES = 32


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


def _read(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise KeyTrouble(f"{path} can be read by others; run: chmod 600 {path}")
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyTrouble(
            f"{path} is damaged. Restore it from a backup; without it old links do not work. "
            f"To start with a new key, move the file away."
        )
    return key
