"""The ledger's figures: a night of eight edges written, exported, verified, opened again.

    make bench-evidence

A record here is as full as one can be (all classes, a sketch, a histogram); real ones are shorter.
"""

from __future__ import annotations

import base64
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from rostra.evidence.bundle import Verified
from rostra.evidence.bundle_io import export, verify
from rostra.evidence.ledger_io import Ledger, ledger_dir
from rostra.evidence.merkle import leaf_hash, link
from rostra.evidence.record import ControlSecond, EdgeSecond, Sealed, Stratum, encode
from rostra.ground.sealed import public_key

EDGES = 8
EVENT, KEY, START_MS = "abcdefghij", bytes(range(32)), 1_796_000_000_000
_CLASSES = ("page", "state", "playlist", "media", "asset", "door", "refused")


def _sealed() -> bytes:
    return encode(
        Sealed(
            at_ms=START_MS,
            by="control",
            version=1,
            event_id=EVENT,
            start_ms=START_MS,
            build="",
            settings="",
            capacity=(100, 200, 400, 600),
            joins_permille=1000,
            thresholds={},
            definitions="",
            model="",
            edges=tuple(f"edge-{i}" for i in range(EDGES)),
        )
    )


def _control(second: int) -> bytes:
    return encode(
        ControlSecond(
            at_ms=START_MS + second * 1000,
            by="control",
            phase="live",
            rung=0,
            rung_reason="rung_best",
            admitted_rank=second,
            pace_permille=1000,
            full=False,
            capacity=100,
        )
    )


def _edge(edge: int, second: int, previous: str, chance: random.Random) -> bytes:
    return encode(
        EdgeSecond(
            at_ms=START_MS + second * 1000 + 300,
            by=f"edge-{edge}",
            run="0123456789abcdef",
            number=second - 1,
            previous=previous,
            requests={name: chance.randrange(3000) for name in _CLASSES},
            refused={name: chance.randrange(100) for name in ("no_pass", "spent", "too_many")},
            acts={"refused": chance.randrange(100), "challenged": chance.randrange(10)},
            strata={
                signs: Stratum(chance.randrange(99), chance.randrange(999), chance.randrange(999))
                for signs in ("", "c", "cf", "d")
            },
            sources=chance.randrange(5000),
            sketch=base64.b64encode(chance.randbytes(200)).decode(),
            body_bytes=chance.randrange(10**8),
            connections=chance.randrange(10_000),
            busy_permille=chance.randrange(1000),
            lag_ms=chance.randrange(10),
            latency=tuple(chance.randrange(1000) for _ in range(13)),
            renewed=chance.randrange(100),
            proven=chance.randrange(100),
        )
    )


def rows(quick: bool) -> list[dict[str, Any]]:
    """One night: what writing costs each second, and what checking it takes."""
    seconds = 600 if quick else 3 * 3600
    chance, previous = random.Random(1), [""] * EDGES
    encode_s, append_s, record_bytes = 0.0, [], 0
    with tempfile.TemporaryDirectory() as made:
        folder, out = ledger_dir(Path(made), EVENT), Path(made) / "night.zip"
        ledger = Ledger(folder, EVENT, KEY, START_MS)
        ledger.append([_sealed()])
        for second in range(1, seconds + 1):
            began = time.perf_counter()
            records = [_edge(i, second, previous[i], chance) for i in range(EDGES)]
            encode_s += time.perf_counter() - began
            previous = [link(leaf_hash(raw)) for raw in records]
            records.append(_control(second))
            record_bytes += sum(map(len, records))
            began = time.perf_counter()
            ledger.append(records)
            if second % 10 == 0:
                ledger.sign(START_MS + second * 1000)
            append_s.append(time.perf_counter() - began)
        ledger.close()
        began = time.perf_counter()
        exported = export(folder, EVENT, bytes.fromhex(public_key(KEY)), out)
        export_s = time.perf_counter() - began
        began = time.perf_counter()
        found = verify(out)
        verify_s = time.perf_counter() - began
        assert isinstance(found, Verified) and found.ok, found
        began = time.perf_counter()
        Ledger(folder, EVENT, KEY, START_MS + 10**9).close()
        recover_s = time.perf_counter() - began
    append_s.sort()
    night = f"{seconds / 3600:.3g} h of {EDGES} edges"
    hour = 3600 / seconds
    return [
        {
            "name": "one second of an edge, made and encoded",
            "value": round(encode_s / seconds / EDGES * 1e6),
            "unit": "µs",
        },
        {
            "name": f"one second of {EDGES} edges on disk, median",
            "value": round(append_s[len(append_s) // 2] * 1000, 2),
            "unit": "ms",
        },
        {
            "name": f"one second of {EDGES} edges on disk, 99 %",
            "value": round(append_s[len(append_s) * 99 // 100] * 1000, 2),
            "unit": "ms",
        },
        {
            "name": "the ledger on disk",
            "value": round(record_bytes * hour / 1e6, 1),
            "unit": f"MB an hour of {EDGES} edges",
        },
        {
            "name": "the bundle",
            "value": round(exported.bytes * hour / 1e6, 1),
            "unit": f"MB an hour of {EDGES} edges",
        },
        {"name": f"export, {night}", "value": round(export_s, 2), "unit": "s"},
        {
            "name": f"verify, {night}",
            "value": round(verify_s, 2),
            "unit": "s",
            "aim": "< 10 s for 3 h",
            "met": verify_s < 10 * seconds / 10_800,
        },
        {"name": f"open again after a crash, {night}", "value": round(recover_s, 2), "unit": "s"},
    ]
