"""`night.zip`: what is exported verifies, and nothing that was touched does."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.evidence.records import KEY, START_MS, night

from rostra.evidence import checkpoint as cp
from rostra.evidence.bundle import Verified
from rostra.evidence.bundle_io import export, verify
from rostra.evidence.checkpoint import Checkpoint
from rostra.evidence.container import DATE
from rostra.evidence.ledger_io import Ledger, LedgerTrouble, ledger_dir
from rostra.evidence.merkle import leaf_hash, root_of
from rostra.evidence.record import AnyRecord, encode
from rostra.evidence.tiles import entries_in, frame, tile_path, tiles_of
from rostra.ground.refusals import Refusal
from rostra.ground.sealed import public_key

EVENT = "abcdefghij"
PUBLIC = bytes.fromhex(public_key(KEY))


def written(data: Path, records: list[AnyRecord]) -> Path:
    folder = ledger_dir(data, EVENT)
    ledger = Ledger(folder, EVENT, KEY, START_MS)
    for first in range(0, len(records), 90):
        ledger.append(encode(record) for record in records[first : first + 90])
        ledger.sign(START_MS + first)
    ledger.close()
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("data"), night(240))


@pytest.fixture
def bundle(folder: Path, tmp_path: Path) -> Path:
    export(folder, EVENT, PUBLIC, tmp_path / "night.zip")
    return tmp_path / "night.zip"


def good(path: Path, *witnesses: Path) -> Verified:
    found = verify(path, witnesses=witnesses)
    assert isinstance(found, Verified)
    assert found.ok, found.findings
    return found


def codes(path: Path, *witnesses: Path) -> list[tuple[str, int]]:
    found = verify(path, witnesses=witnesses)
    assert isinstance(found, Verified)
    assert not found.ok
    return [(one.code, one.entry) for one in found.findings]


def refusal(path: Path, key: str | None = None) -> str:
    found = verify(path, key)
    assert isinstance(found, Refusal)
    return found.code


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(path: Path, content: dict[str, bytes]) -> None:
    """As the export packs it, so that only the content tells."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, raw in content.items():
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
            made.writestr(info, raw)


def with_entries(path: Path, bundle_name: str, change: Callable[[list[bytes]], None]) -> None:
    content = members(path)
    entries, _ = entries_in(content[bundle_name])
    change(entries)
    content[bundle_name] = b"".join(map(frame, entries))
    packed(path, content)


def test_what_is_exported_verifies(folder: Path, bundle: Path) -> None:
    found = good(bundle)
    assert (found.size, found.origin, found.key) == (721, f"rostra/{EVENT}", PUBLIC.hex())
    assert found.checkpoints == 9
    assert found.records == {"control": 241, "edge-0": 240, "edge-1": 240}
    assert (found.first_ms, found.last_ms) == (START_MS, START_MS + 240_300)
    assert found.sealed is not None and found.sealed.edges == ("edge-0", "edge-1")
    assert found.findings == () and found.witnesses == ()
    assert found.packed_bytes == bundle.stat().st_size < found.unpacked_bytes


def test_the_same_ledger_gives_the_same_bytes(folder: Path, bundle: Path, tmp_path: Path) -> None:
    exported = export(folder, EVENT, PUBLIC, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()
    assert (exported.size, exported.unsigned) == (721, 0)
    assert not list(tmp_path.glob(".*"))
    assert list(members(bundle)) == sorted(members(bundle))


def test_what_was_not_signed_is_not_in_it(tmp_path: Path) -> None:
    records = night(20)
    folder = written(tmp_path, records[:30])
    ledger = Ledger(folder, EVENT, KEY, START_MS + 10_000)  # a record more: the gap
    exported = export(folder, EVENT, PUBLIC, tmp_path / "night.zip")
    ledger.close()
    assert (exported.size, exported.unsigned) == (30, 1)
    assert good(tmp_path / "night.zip").size == 30


def test_no_one_byte_can_be_flipped(tmp_path: Path) -> None:
    path = tmp_path / "night.zip"
    export(written(tmp_path, night(3)), EVENT, PUBLIC, path)
    good(path)
    raw = path.read_bytes()
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1 if place % 2 else 0xFF
        path.write_bytes(changed)
        found = verify(path)
        assert isinstance(found, Refusal) or not found.ok, place


def test_no_end_can_be_cut_off(bundle: Path) -> None:
    raw = bundle.read_bytes()
    for size in (0, 1, 21, 22, 100, len(raw) // 2, len(raw) - 1):
        bundle.write_bytes(raw[:size])
        assert refusal(bundle) == "bundle_unreadable"


def test_a_changed_record_is_named(bundle: Path) -> None:
    def change(entries: list[bytes]) -> None:
        entries[5] = entries[5].replace(b'"state":5', b'"state":4')

    with_entries(bundle, "tile/entries/001", change)
    found = verify(bundle)
    assert isinstance(found, Verified) and not found.ok
    first = found.findings[0]
    assert (first.code, first.entry, first.by) == ("record_changed", 261, "edge-1")
    assert first.at_ms == START_MS + 87_300


def test_a_removed_record_is_named(bundle: Path) -> None:
    with_entries(bundle, "tile/entries/001", lambda entries: entries.__delitem__(5))
    assert ("record_removed", 261) in codes(bundle)
    assert ("entries_count", -1) in codes(bundle)


def test_an_added_record_is_named(bundle: Path) -> None:
    with_entries(bundle, "tile/entries/001", lambda entries: entries.insert(5, entries[6][:-1]))
    assert ("record_added", 261) in codes(bundle)


def test_records_in_another_order_are_named(bundle: Path) -> None:
    def change(entries: list[bytes]) -> None:
        entries[3], entries[9] = entries[9], entries[3]

    with_entries(bundle, "tile/entries/001", change)
    found = codes(bundle)
    assert ("record_moved", 259) in found and ("record_moved", 265) in found


def test_records_cut_off_at_the_end_are_named(bundle: Path) -> None:
    with_entries(bundle, "tile/entries/002.p/209", lambda entries: entries.__delitem__(-1))
    assert codes(bundle) == [("record_removed", 720), ("entries_count", -1)]


def test_a_missing_bundle_and_a_missing_tile(bundle: Path) -> None:
    content = members(bundle)
    entries, tile = content.pop("tile/entries/001"), content.pop("tile/0/000")
    packed(bundle, content)
    assert codes(bundle)[:2] == [("member_missing", 0), ("member_missing", 256)]
    content["tile/0/000"] = tile
    content.pop("tile/0/001")
    packed(bundle, content)
    assert codes(bundle)[:3] == [
        ("member_missing", 256), ("member_missing", 256), ("unprovable", 256),
    ]  # fmt: skip
    content["tile/entries/001"] = entries[:-1]
    packed(bundle, content)
    assert ("record_torn", 511) in codes(bundle)


def remade(content: dict[str, bytes], change: Callable[[list[bytes]], None]) -> list[bytes]:
    """All tiles and records anew, as someone would who knows the format but has no key."""
    entries: list[bytes] = []
    for name in sorted(content):
        if name.startswith("tile/entries/"):
            entries += entries_in(content[name])[0]
    change(entries)
    for tile, raw in tiles_of(map(leaf_hash, entries)):
        content[tile_path(tile)] = raw
        if tile.level == 0:
            some = entries[tile.index * 256 :][: tile.width]
            content[tile_path(tile).replace("/0/", "/entries/", 1)] = b"".join(map(frame, some))
    return entries


def test_tiles_made_anew_do_not_help(bundle: Path) -> None:
    def change(entries: list[bytes]) -> None:
        entries[300] = entries[300].replace(b'"state":5', b'"state":4')

    content = members(bundle)
    remade(content, change)
    packed(bundle, content)
    found = verify(bundle)
    assert isinstance(found, Verified)
    differs = next(one for one in found.findings if one.code == "checkpoint_differs")
    assert differs.entry == 270
    assert "records 270 to 359" in differs.words


def test_changed_hashes_are_told_from_changed_records(bundle: Path) -> None:
    content = members(bundle)
    content["tile/0/001"] = bytes(32) + content["tile/0/001"][32:]
    packed(bundle, content)
    found = verify(bundle)
    assert isinstance(found, Verified) and not found.ok
    differs = next(one for one in found.findings if one.code == "checkpoint_differs")
    assert "the records are those that were signed" in differs.words
    content = members(bundle)
    content["tile/1/000.p/2"] = bytes(64)
    packed(bundle, content)
    assert ("tile_differs", -1) in codes(bundle)


def test_an_operator_who_signs_another_night_meets_the_witnesses(
    bundle: Path, tmp_path: Path
) -> None:
    """The operator has the key: everything is made and signed anew, but listeners kept a note."""
    kept = tmp_path / "state.json"
    notes = list(cp.notes_in(members(bundle)["checkpoints"].decode()))
    kept.write_text(json.dumps({"v": 1, "checkpoint": notes[4]}))
    note = tmp_path / "note.txt"
    note.write_text(notes[8])
    found = good(bundle, kept, note)
    assert [(one.size, one.holds) for one in found.witnesses] == [(450, True), (721, True)]

    def change(entries: list[bytes]) -> None:
        del entries[600:]
        entries[100] = encode(night(240)[100]).replace(b'"admitted_rank":34', b'"admitted_rank":9')

    content = members(bundle)
    for name in [name for name in content if name.startswith("tile/")]:
        if name.startswith("tile/entries/"):
            continue
        del content[name]
    entries = remade(content, change)
    for name in [name for name in content if ".p/" in name and "/002" in name]:
        if name.endswith("/209"):
            del content[name]
    leaves = [leaf_hash(entry) for entry in entries]
    signed = "".join(
        cp.sign(Checkpoint(f"rostra/{EVENT}", size, root_of(leaves[:size]), 1), KEY)
        for size in (90, 600)
    )
    content["checkpoints"] = signed.encode()
    content["checkpoint"] = list(cp.notes_in(signed))[1].encode()
    packed(bundle, dict(sorted(content.items())))
    good(bundle)
    assert codes(bundle, kept) == [("witness_differs", 90)]
    assert ("witness_ahead", -1) in codes(bundle, note)


def test_a_witness_of_something_else(bundle: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    other = Checkpoint("rostra/other", 1, bytes(32))
    for text, code in (
        (cp.sign(other, KEY), "witness_other_log"),
        (cp.sign(Checkpoint(f"rostra/{EVENT}", 1, bytes(32)), bytes(32)), "witness_unsigned"),
        ("", "witness_unreadable"),
        ("{}", "witness_unreadable"),
        ("junk", "witness_unreadable"),
        ("[" * 100_000, "witness_too_large"),
    ):
        kept.write_text(text)
        assert codes(bundle, kept) == [(code, -1)], text[:20]


def test_whose_key_it_should_be(bundle: Path) -> None:
    assert isinstance(verify(bundle, PUBLIC.hex()), Verified)
    assert refusal(bundle, "00" * 32) == "bundle_other_key"


def test_packed_anew_is_said(bundle: Path) -> None:
    content = members(bundle)
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_STORED) as made:
        for name, raw in content.items():
            made.writestr(name, raw)
    assert codes(bundle) == [("container_differs", -1)]


def test_what_the_log_has_no_place_for(bundle: Path) -> None:
    content = members(bundle)
    content["tile/0/003"] = bytes(8192)
    packed(bundle, content)
    assert codes(bundle) == [("member_unused", -1)]


def test_a_record_that_is_none(tmp_path: Path) -> None:
    folder = written(tmp_path, night(1))
    ledger = Ledger(folder, EVENT, KEY, START_MS + 5000)
    ledger.append([b"[" * 60_000, b'{"kind":"Nothing"}', b"\xff"])
    ledger.sign(START_MS)
    ledger.close()
    export(folder, EVENT, PUBLIC, tmp_path / "night.zip")
    unreadable = [(code, at) for code, at in codes(tmp_path / "night.zip") if "record" in code]
    assert unreadable == [("record_unreadable", at) for at in (5, 6, 7)]


def test_a_member_of_very_many_records_is_not_unfolded(bundle: Path) -> None:
    content = members(bundle)
    content["tile/entries/001"] = frame(b"x") * 100_000
    packed(bundle, content)
    found = codes(bundle)
    assert ("record_torn", 256 + 512) in found and len(found) < 1000


def test_nothing_to_export(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(LedgerTrouble, match="nothing was signed"):
        export(tmp_path, EVENT, PUBLIC, tmp_path / "night.zip")
    with pytest.raises(LedgerTrouble, match="signature"):
        export(folder, EVENT, bytes(32), tmp_path / "night.zip")
    assert not list(tmp_path.iterdir())


def test_a_damaged_ledger_is_not_exported(tmp_path: Path) -> None:
    folder = written(tmp_path, night(5))
    path = folder / "entries"
    raw = bytearray(path.read_bytes())
    raw[50] ^= 1
    path.write_bytes(raw)
    with pytest.raises(LedgerTrouble, match="damaged"):
        export(folder, EVENT, PUBLIC, tmp_path / "night.zip")
    assert os.listdir(tmp_path) == ["events"]
