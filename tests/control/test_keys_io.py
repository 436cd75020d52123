"""Keys on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostra.control import keys_io
from rostra.control.keys_io import KeyTrouble, load_or_create


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    first = load_or_create(tmp_path, "operator")
    assert load_or_create(tmp_path, "operator") == first
    assert load_or_create(tmp_path, "invitation") != first
    path = tmp_path / "keys" / "operator.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_key_that_others_can_read_is_refused_with_the_mend(tmp_path: Path) -> None:
    load_or_create(tmp_path, "operator")
    path = tmp_path / "keys" / "operator.key"
    path.chmod(0o644)
    with pytest.raises(KeyTrouble, match="chmod 600"):
        load_or_create(tmp_path, "operator")


@pytest.mark.parametrize("text", ["", "xyz", "ab" * 31])
def test_a_damaged_key_is_never_replaced_in_silence(tmp_path: Path, text: str) -> None:
    load_or_create(tmp_path, "operator")
    path = tmp_path / "keys" / "operator.key"
    path.write_text(text)
    with pytest.raises(KeyTrouble, match="damaged"):
        load_or_create(tmp_path, "operator")
    assert path.read_text() == text


def test_a_rotated_ring_keeps_the_older_keys_for_a_while(tmp_path: Path) -> None:
    first = keys_io.load_ring(tmp_path, "door").newest
    assert keys_io.load_ring(tmp_path, "door").keys == (first,)
    for _ in range(2):
        newest = keys_io.rotate_ring(tmp_path, "door").newest
        assert newest != first
        assert first in keys_io.load_ring(tmp_path, "door").keys
    assert first not in keys_io.rotate_ring(tmp_path, "door").keys
    assert keys_io.ring_path(tmp_path, "door").stat().st_mode & 0o777 == 0o600


def test_a_damaged_ring_says_what_to_do(tmp_path: Path) -> None:
    keys_io.load_ring(tmp_path, "door")
    keys_io.ring_path(tmp_path, "door").write_text("not hex\n")
    with pytest.raises(keys_io.KeyTrouble, match="backup"):
        keys_io.load_ring(tmp_path, "door")
