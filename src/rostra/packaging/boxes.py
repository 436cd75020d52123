"""ISO base media boxes that we write and read ourselves: chunks, `emsg`, timed ID3.

ISO/IEC 14496-12 (moof, mdat), ISO/IEC 23009-1 5.10.3.3 (emsg), ID3v2.4 (TXXX). The init segment
comes from FFmpeg (encoder_io); a chunk of audio is so simple that writing it here gives an exact
tfdt after a restart and saves the frame that a muxer waits for before it closes a fragment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

ID3_SCHEME = b"https://aomedia.org/emsg/ID3"
NONCE_NAME = "rostra.nonce"
_TRACK = 1
_INDEPENDENT = 0x02000000  # sample_depends_on = 2: every audio frame is a sync sample


def box(kind: bytes, *payload: bytes) -> bytes:
    """One box of type `kind`."""
    size = 8 + sum(map(len, payload))
    return b"".join((size.to_bytes(4, "big"), kind, *payload))


def full_box(kind: bytes, version: int, flags: int, *payload: bytes) -> bytes:
    """One box with version and flags."""
    return box(kind, bytes((version,)), flags.to_bytes(3, "big"), *payload)


def _u32(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "big") for value in values)


def chunk(frames: Sequence[bytes], start: int, frame_samples: int) -> bytes:
    """moof + mdat of encoded `frames`, the first at `start` (timescale units since go-live).

    The sequence number is the number of the first frame, so it rises over restarts too.
    """
    head = full_box(b"tfhd", 0, 0x020028, _u32(_TRACK, frame_samples, _INDEPENDENT))
    when = full_box(b"tfdt", 1, 0, start.to_bytes(8, "big"))
    sizes = b"".join(len(frame).to_bytes(4, "big") for frame in frames)
    sequence = full_box(b"mfhd", 0, 0, _u32(start // frame_samples + 1))

    def run(offset: int) -> bytes:
        return full_box(b"trun", 0, 0x000201, _u32(len(frames), offset), sizes)

    moof_bytes = 8 + len(sequence) + 8 + len(head) + len(when) + len(run(0))
    moof = box(b"moof", sequence, box(b"traf", head, when, run(moof_bytes + 8)))
    return moof + box(b"mdat", *frames)


def _syncsafe(value: int) -> bytes:
    return bytes((value >> shift) & 0x7F for shift in (21, 14, 7, 0))


def id3_text(name: str, value: str) -> bytes:
    """An ID3v2.4 tag with one TXXX frame (UTF-8)."""
    body = b"\x03" + name.encode() + b"\0" + value.encode() + b"\0"
    frame = b"TXXX" + _syncsafe(len(body)) + b"\0\0" + body
    return b"ID3\x04\0\0" + _syncsafe(len(frame)) + frame


def nonce_message(nonce: str, number: int, start: int, duration: int, timescale: int) -> bytes:
    """The `emsg` (version 1) that carries a segment's nonce as timed ID3."""
    return full_box(
        b"emsg",
        1,
        0,
        _u32(timescale),
        start.to_bytes(8, "big"),
        _u32(duration, number),
        ID3_SCHEME + b"\0",
        b"\0",
        id3_text(NONCE_NAME, nonce),
    )


def boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(type, offset, end) of the whole boxes in `data`; stops at the first that is cut off."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8 or at + size > len(data):
            return
        yield data[at + 4 : at + 8], at, at + size
        at += size


def find(data: bytes, *path: bytes) -> bytes | None:
    """The payload of the first box along `path` (b"moof", b"traf", b"tfdt"), or None."""
    for kind in path:
        for found, at, end in boxes(data):
            if found == kind:
                data = data[at + 8 : end]
                break
        else:
            return None
    return data


def split(data: bytes) -> list[bytes]:
    """The whole chunks in `data`: each ends with its mdat and keeps the boxes before its moof.

    A chunk that a killed writer left unfinished is dropped.
    """
    chunks, start = [], 0
    for kind, _, end in boxes(data):
        if kind == b"mdat":
            chunks.append(data[start:end])
            start = end
    return chunks


def span(chunk_body: bytes) -> tuple[int, int]:
    """(start, duration) of one chunk in timescale units. Raises ValueError if it is not ours."""
    when = find(chunk_body, b"moof", b"traf", b"tfdt")
    head = find(chunk_body, b"moof", b"traf", b"tfhd")
    run = find(chunk_body, b"moof", b"traf", b"trun")
    if when is None or head is None or run is None:
        raise ValueError("not a chunk: no tfdt, tfhd or trun")
    frames, length = int.from_bytes(run[4:8], "big"), int.from_bytes(head[8:12], "big")
    return int.from_bytes(when[4:12], "big"), frames * length


def nonce_of(chunk_body: bytes) -> str:
    """The nonce that stands before the chunk's moof, or "" if there is none."""
    message = find(chunk_body, b"emsg")
    if message is None:
        return ""
    _, _, text = message.partition(b"\x03" + NONCE_NAME.encode() + b"\0")
    return text.partition(b"\0")[0].decode()
