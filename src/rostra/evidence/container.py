"""The one form of a bundle's ZIP container (APPNOTE 6.3: 4.3.7, 4.3.12, 4.3.16).

Every header follows from the members' names, sizes and sums, so that one changed byte shows, and
the same ledger gives the same file. Limits are checked before anything is unpacked.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Sequence

import msgspec

from rostra.evidence.merkle import HASH_BYTES
from rostra.evidence.tiles import BUNDLE_MOST, WIDTH
from rostra.ground.refusals import Refusal

README, KEY, CHECKPOINT, CHECKPOINTS = "README.txt", "key.txt", "checkpoint", "checkpoints"
MEMBERS_MOST = 65_534  # one more, and the container has another form (ZIP64)
UNPACKED_MOST = 2 * 1024**3
PACKED_MOST = UNPACKED_MOST
DIRECTORY_MOST = 16 * 1024**2
RATIO_MOST = 200  # unpacked to packed; seconds of a quiet night reach about 30
LOOSE_MOST = 64 * 1024  # bytes that packing can add where it gains nothing
RATIO_FROM = 1024**2  # bytes; below, no ratio harms
DEFLATED = 8
DATE = (1980, 1, 1, 0, 0, 0)
_DATE, _TIME = 33, 0  # the same, as MS-DOS has it
_VERSION, _UNIX = 20, 3
ATTRIBUTES = 0o100644 << 16  # a file that all may read
_LINK, _KIND = 0o120000, 0o170000
END_BYTES, LOCAL_BYTES = 22, 30
_ZIP64_LOCATOR = b"PK\x06\x07"
_INDEX = r"(x[0-9]{3}/){0,2}[0-9]{3}(\.p/[0-9]{1,3})?"
_TILE = re.compile(rf"tile/[0-9]/{_INDEX}")
_ENTRIES = re.compile(rf"tile/entries/{_INDEX}")


class Member(msgspec.Struct, frozen=True):
    """One member, as the directory at the container's end says."""

    name: str
    crc: int
    packed: int
    size: int
    offset: int
    method: int = DEFLATED
    flags: int = 0
    attributes: int = ATTRIBUTES


class End(msgspec.Struct, frozen=True):
    """Where the directory stands."""

    members: int
    directory_bytes: int
    directory_at: int


def refused(code: str, message: str) -> Refusal:
    """A bundle that is not even looked into."""
    return Refusal(f"bundle_{code}", 422, message)


def read_end(file_bytes: int, tail: bytes) -> End | Refusal:
    """What the container's end says; `tail`: the last 42 bytes of the file."""
    if file_bytes > PACKED_MOST:
        return refused("too_large", f"A bundle has at most {PACKED_MOST} bytes.")
    end = tail[-END_BYTES:]
    if len(end) < END_BYTES or end[:4] != b"PK\x05\x06" or end[-2:] != b"\0\0":
        return refused("unreadable", "This is no bundle: it does not end as a ZIP file does.")
    if tail[-END_BYTES - 20 :].startswith(_ZIP64_LOCATOR):
        return refused("too_large", "A bundle is no ZIP64 file.")
    *_, members, directory_bytes, directory_at, _ = struct.unpack("<4s4H2LH", end)
    if members > MEMBERS_MOST or directory_bytes > DIRECTORY_MOST:
        return refused("too_many", f"A bundle has at most {MEMBERS_MOST} members.")
    if directory_at + directory_bytes + END_BYTES != file_bytes:
        return refused("unreadable", "This bundle's directory is not where it says.")
    return End(members, directory_bytes, directory_at)


def size_most(name: str) -> int:
    """The most bytes that a member of this name can have; 0: there is none of the name."""
    if name in (README, KEY, CHECKPOINT):
        return 64 * 1024
    if name == CHECKPOINTS:
        return 16 * 1024**2
    if _TILE.fullmatch(name):
        return WIDTH * HASH_BYTES
    return BUNDLE_MOST if _ENTRIES.fullmatch(name) else 0


def check(members: Sequence[Member], end: End) -> Refusal | None:
    """Why nothing of this is unpacked, if it is not."""
    seen: set[str] = set()
    for one in members:
        name, shown = one.name, ascii(one.name[:80])
        if name.startswith("/") or "\\" in name or "\0" in name or ":" in name:
            return refused("path", f"The member {shown} names a place outside.")
        if ".." in name.split("/"):
            return refused("path", f"The member {shown} names a place outside.")
        if (one.attributes >> 16) & _KIND == _LINK:
            return refused("link", f"The member {shown} is a link.")
        if name in seen:
            return refused("twice", f"The member {shown} is there twice.")
        seen.add(name)
        most = size_most(name)
        if not most:
            return refused("unknown", f"The member {shown} belongs to no bundle.")
        if one.method not in (0, DEFLATED) or one.flags & 1:
            return refused("method", f"The member {shown} is packed in a way that is not read.")
        if one.size > most or one.packed > most + LOOSE_MOST:
            return refused("bomb", f"The member {shown} is larger than any can be.")
    unpacked, packed = sum(m.size for m in members), sum(m.packed for m in members)
    if unpacked > UNPACKED_MOST:
        return refused("bomb", f"Unpacked, a bundle has at most {UNPACKED_MOST} bytes.")
    if unpacked > RATIO_FROM and unpacked > RATIO_MOST * packed:
        return refused("bomb", f"No bundle is packed to less than 1 in {RATIO_MOST}.")
    at = 0
    for one in sorted(members, key=lambda member: member.offset):
        if one.offset < at:
            return refused("bomb", f"The member {one.name[:80]!a} lies inside another.")
        at = one.offset + len(local_header(one)) + one.packed
    if at > end.directory_at:
        return refused("bomb", "Members reach into the directory.")
    for name in (KEY, CHECKPOINT, CHECKPOINTS):
        if name not in seen:
            return refused("missing", f"This bundle has no {name}.")
    return None


def local_header(member: Member) -> bytes:
    """What stands before the member's bytes."""
    name = member.name.encode()
    fixed = (_VERSION, 0, 0, DEFLATED, _TIME, _DATE, member.crc, member.packed, member.size)
    return struct.pack("<4s2B4H3L2H", b"PK\x03\x04", *fixed, len(name), 0) + name


def local_rest(fixed: bytes) -> int:
    """Bytes between the fixed part of a local header and the member's own."""
    name, extra = struct.unpack("<2H", fixed[26:30]) if len(fixed) == LOCAL_BYTES else (0, 0)
    return int(name) + int(extra)


def unpacked(member: Member, packed: bytes) -> bytes | None:
    """The member's bytes; None where they are not what the directory says.

    One whole DEFLATE stream (RFC 1951) and not a byte beside it: zipfile is content with less.
    """
    raw = packed
    if member.method == DEFLATED:
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            raw = stream.decompress(packed, member.size + 1)
        except zlib.error:
            return None
        if not stream.eof or stream.unused_data or stream.unconsumed_tail:
            return None
    whole = len(raw) == member.size and len(packed) == member.packed
    return raw if whole and zlib.crc32(raw) == member.crc else None


def directory(members: Sequence[Member]) -> bytes:
    """The directory of members that stand one after the other in this order, and its end."""
    rows, at = [], 0
    for one in members:
        name = one.name.encode()
        sums = (one.crc, one.packed, one.size, len(name))
        row = (_VERSION, _UNIX, _VERSION, 0, 0, DEFLATED, _TIME, _DATE, *sums, 0, 0, 0, 0)
        rows.append(struct.pack("<4s4B4H3L5H2L", b"PK\x01\x02", *row, ATTRIBUTES, at) + name)
        at += len(local_header(one)) + one.packed
    body = b"".join(rows)
    count = len(members)
    return body + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(body), at, 0)
