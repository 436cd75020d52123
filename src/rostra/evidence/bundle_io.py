"""`night.zip`: made from a ledger, and checked, without ever having all of it in memory."""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from rostra.evidence import bundle, container
from rostra.evidence import checkpoint as checkpoints
from rostra.evidence.audit import Audit, Mark
from rostra.evidence.bundle import Signed, Verified, Witnessed
from rostra.evidence.container import End, Member
from rostra.evidence.found import Finding, Findings
from rostra.evidence.ledger_io import CHECKPOINT, CHECKPOINTS, ENTRIES, LedgerTrouble, read_entries
from rostra.evidence.merkle import Growing, leaf_hash
from rostra.evidence.tiles import (
    WIDTH,
    Tile,
    entries_in,
    entries_path,
    frame,
    hashes_in,
    level_tiles,
    tile_path,
    tiles_of,
)
from rostra.ground.refusals import Refusal

_LEVEL = 6  # of compression; higher ones cost much for little


class Exported(msgspec.Struct, frozen=True):
    """What an export holds, and how many records were not signed yet and so are not in it."""

    size: int
    unsigned: int
    bytes: int


# --- out --------------------------------------------------------------------------------------


def export(folder: Path, event_id: str, public: bytes, out: Path) -> Exported:
    """Write the ledger in `folder`, up to its newest checkpoint, as a bundle.

    The ledger may be written meanwhile. Raises LedgerTrouble, OSError.
    """
    origin = checkpoints.origin_of(event_id)
    try:
        newest_note = (folder / CHECKPOINT).read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise LedgerTrouble(f"{folder} has no checkpoint: nothing was signed yet") from error
    newest = checkpoints.read(newest_note, origin, public)
    if isinstance(newest, Refusal):
        raise LedgerTrouble(f"{folder}: {newest.message}")
    notes = _notes_until(folder, newest_note)
    tree, high = Growing(), list[tuple[Tile, bytes]]()
    beside = out.with_name(f".{out.name}.part")
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, allowZip64=False) as made:
            for name, text in (
                (container.README, bundle.readme(event_id, public)),
                (container.CHECKPOINT, newest_note),
                (container.CHECKPOINTS, notes),
                (container.KEY, checkpoints.verifier_key(origin, public) + "\n"),
            ):
                _put(made, name, text.encode())
            for tile, raw in tiles_of(_grown(_signed(folder, newest.size), tree)):
                if tile.level == 0:
                    _put(made, tile_path(tile), raw)
                else:
                    high.append((tile, raw))
            if (tree.size, tree.root()) != (newest.size, newest.root):
                raise LedgerTrouble(f"{folder} is damaged: its records are not those signed")
            for tile, raw in sorted(high):
                _put(made, tile_path(tile), raw)
            entries = _signed(folder, newest.size)
            for tile in level_tiles(0, newest.size):
                some = islice(entries, tile.width)
                _put(made, entries_path(tile.index, tile.width), b"".join(map(frame, some)))
        beside.replace(out)
    except zipfile.LargeZipFile as error:
        raise LedgerTrouble(f"{folder} does not fit into a bundle") from error
    finally:
        beside.unlink(missing_ok=True)
    held = sum(1 for _ in read_entries(folder / ENTRIES))
    return Exported(newest.size, held - newest.size, out.stat().st_size)


def _notes_until(folder: Path, newest: str) -> str:
    """All notes up to the newest; those that were signed since then belong to the next export."""
    notes = []
    text = (folder / CHECKPOINTS).read_text(encoding="utf-8", errors="replace")
    for note in checkpoints.notes_in(text):
        notes.append(note)
        if note == newest:
            return "".join(notes)
    raise LedgerTrouble(f"{folder}: the newest checkpoint is not among all checkpoints")


def _signed(folder: Path, size: int) -> Iterator[bytes]:
    return islice(read_entries(folder / ENTRIES), size)


def _grown(entries: Iterable[bytes], tree: Growing) -> Iterator[bytes]:
    for entry in entries:
        leaf = leaf_hash(entry)
        tree.append(leaf)
        yield leaf


def _put(made: zipfile.ZipFile, name: str, raw: bytes) -> None:
    info = zipfile.ZipInfo(name, container.DATE)
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, container.ATTRIBUTES
    info.create_system = 3  # on any machine the same bytes
    made.writestr(info, raw, compresslevel=_LEVEL)


# --- in ---------------------------------------------------------------------------------------


def verify(
    path: Path, wanted_key: str | None = None, witnesses: Iterable[Path] = ()
) -> Verified | Refusal:
    """Check the bundle; a refusal where it is not even looked into. Raises OSError."""
    with path.open("rb") as file:
        file_bytes = os.fstat(file.fileno()).st_size
        file.seek(max(0, file_bytes - 42))
        end = container.read_end(file_bytes, file.read())
        if isinstance(end, Refusal):
            return end
        try:
            with zipfile.ZipFile(file) as opened:
                reading = _Reading(opened.infolist(), file, end, file_bytes)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
            return container.refused("unreadable", f"This bundle cannot be read: {error}.")
        return reading.verified(wanted_key, witnesses)


def entries(path: Path, size: int) -> Iterator[bytes]:
    """The records of a bundle that was verified and holds `size` of them, in order.

    Raises OSError, zipfile.BadZipFile.
    """
    with zipfile.ZipFile(path) as opened:
        for tile in level_tiles(0, size):
            found, _ = entries_in(opened.read(entries_path(tile.index, tile.width)))
            yield from found


def _member(info: zipfile.ZipInfo) -> Member:
    return Member(
        info.orig_filename,
        info.CRC,
        info.compress_size,
        info.file_size,
        info.header_offset,
        info.compress_type,
        info.flag_bits,
        info.external_attr,
    )


class _Reading:
    """One bundle being checked."""

    def __init__(
        self, infos: list[zipfile.ZipInfo], file: BinaryIO, end: End, file_bytes: int
    ) -> None:
        self._file, self._end, self._bytes = file, end, file_bytes
        self._listed = [_member(info) for info in infos]
        self._members = {member.name: member for member in self._listed}
        self._findings = Findings()
        self._read: set[str] = {container.README}

    def verified(self, wanted_key: str | None, witnesses: Iterable[Path]) -> Verified | Refusal:
        if refusal := container.check(self._listed, self._end):
            return refusal
        signed = self._signed(wanted_key)
        if isinstance(signed, Refusal):
            return signed
        marks = list(signed.marks)
        kept: list[Mark] = []
        for path in witnesses:
            kept += self._witness(path, signed)
        size = signed.newest.size
        audit = Audit(size, [*marks, *kept], self._findings)
        for tile in level_tiles(0, size):
            audit.take(self._hashes(tile), self._entries(tile))
        audit.end()
        self._upper(audit.nodes, size)
        self._container()
        chains = audit.chains
        return Verified(
            ok=not self._findings.grave,
            origin=signed.origin,
            key=signed.public.hex(),
            size=size,
            root=signed.newest.root.hex(),
            signed_ms=signed.newest.at_ms,
            checkpoints=len(signed.marks) - 1,
            first_ms=chains.first_ms,
            last_ms=chains.last_ms,
            records=dict(sorted(chains.entries.items())),
            packed_bytes=self._bytes,
            unpacked_bytes=sum(member.size for member in self._listed),
            witnesses=tuple(
                Witnessed(
                    witness=mark.witness, size=mark.size, at_ms=mark.at_ms, holds=mark in audit.held
                )
                for mark in kept
            ),
            findings=tuple(self._findings.listed),
            counts=self._findings.counts,
            sealed=chains.sealed,
        )

    def _found(self, code: str, words: str, entry: int = -1) -> None:
        self._findings.add(Finding(code=code, grave=True, words=words, entry=entry))

    def _signed(self, wanted_key: str | None) -> Signed | Refusal:
        texts = []
        for name in (container.KEY, container.CHECKPOINT, container.CHECKPOINTS):
            raw = self._raw(name)
            if raw is None:
                return container.refused("damaged", f"The member {name} is damaged.")
            texts.append(raw.decode(errors="replace"))
        key, newest, notes = texts
        return bundle.read_signed(key, newest, notes, wanted_key)

    def _witness(self, path: Path, signed: Signed) -> Iterator[Mark]:
        with path.open("rb") as file:
            raw = file.read(bundle.WITNESS_MOST)
        for found in bundle.read_witness(path.name, raw, signed):
            if isinstance(found, Mark):
                yield found
            else:
                self._findings.add(found)

    def _raw(self, name: str) -> bytes | None:
        """The member's bytes; None if it is not there or damaged. Its size was checked."""
        self._read.add(name)
        member = self._members.get(name)
        if member is None:
            return None
        self._file.seek(member.offset)
        fixed = self._file.read(container.LOCAL_BYTES)
        self._file.seek(container.local_rest(fixed), os.SEEK_CUR)
        return container.unpacked(member, self._file.read(member.packed))

    def _missing(self, name: str, entry: int) -> None:
        code = "member_damaged" if name in self._members else "member_missing"
        self._found(code, f"{name} is {code.removeprefix('member_')}", entry)

    def _hashes(self, tile: Tile) -> list[bytes] | None:
        name, first = tile_path(tile), tile.index * WIDTH
        raw = self._raw(name)
        if raw is None or len(raw) != tile.width * 32:
            self._missing(name, first)
            return None
        return hashes_in(raw)

    def _entries(self, tile: Tile) -> list[bytes] | None:
        name, first = entries_path(tile.index, tile.width), tile.index * WIDTH
        raw = self._raw(name)
        if raw is None:
            self._missing(name, first)
            return None
        entries, used = entries_in(raw, 2 * WIDTH)  # more are not looked at: none can be right
        if used != len(raw):
            words = f"{name} goes on after {len(entries)} records with what is none"
            self._found("record_torn", words, first + len(entries))
        return entries

    def _upper(self, nodes: list[bytes], size: int) -> None:
        """The tiles above the lowest, which only say again what follows from these."""
        if len(nodes) != size // WIDTH:
            self._read |= set(self._members)  # it was said why they cannot be computed
            return
        for tile, raw in tiles_of(nodes):
            name = tile_path(Tile(tile.level + 1, tile.index, tile.width))
            if self._raw(name) != raw:
                self._found("tile_differs", f"{name} does not follow from the tiles below")

    def _container(self) -> None:
        """Whether the file is as it was exported, to the byte."""
        for name in sorted(set(self._members) - self._read):
            self._found("member_unused", f"{name} belongs to no log of this size")
        if self._raw(container.README) is None:
            self._missing(container.README, -1)
        at = 0
        for member in self._listed:
            header = container.local_header(member)
            self._file.seek(member.offset)
            if member.offset != at or self._file.read(len(header)) != header:
                break
            at += len(header) + member.packed
        else:
            self._file.seek(self._end.directory_at)
            if self._file.read() == container.directory(self._listed):
                return
        words = "the file was packed anew or changed outside of its members: not as it was exported"
        self._found("container_differs", words)
