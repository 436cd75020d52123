"""Keys on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

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
