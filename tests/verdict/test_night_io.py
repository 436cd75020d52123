"""Records of a ledger, and the certificate in it, become a night."""

from __future__ import annotations

import msgspec
import pytest

from rostra.evidence.record import AnyRecord, ControlSecond, EdgeSecond, Happened, Sealed, Stratum
from rostra.rehearsal.certificate import seal
from rostra.rehearsal.findings import (
    UNKNOWN,
    Certificate,
    Findings,
    Interval,
    RungFound,
)
from rostra.verdict.judgement import judge
from rostra.verdict.night_io import kernel, mishaps, promise, told
from rostra.verdict.thresholds import MODEL, Thresholds, said

START = 1_723_507_200


def certificate(void: str = "") -> str:
    cpu = Interval(value=100, low=90, high=110)
    rungs = tuple(
        RungFound(rung=r, carried=c, knee=k, allowed=a, basis="knee", cpu_us=cpu, body_bytes=1.0)
        for r, c, k, a in ((2, 900, 1100, 850), (3, 1500, None, 1400))
    )
    findings = Findings(
        run="r", started="", ended="", program="", generators=(), steps=(), rungs=rungs,
        joins_s=None, void=void,
    )  # fmt: skip
    document = Certificate(v=1, number="1", issued="", house=UNKNOWN, findings=findings)
    return seal(document, b"\x01" * 32).decode()


def first(text: str = "", lapsed: tuple[str, ...] = ()) -> Sealed:
    return Sealed(
        at_ms=START * 1000, by="control", version=1, event_id="e", start_ms=START * 1000, build="",
        settings="", certificate=text, lapsed=lapsed, capacity=(210, 210, 850, 1400),
        joins_permille=50_000, thresholds=said(Thresholds()), definitions="", model=MODEL,
        edges=("edge-0",),
    )  # fmt: skip


def test_the_certificate_bounds_each_rung() -> None:
    found = promise(first(certificate()))
    assert found.basis == "certificate" and found.set_share == 1
    assert (found.capacity[2].low, found.capacity[2].high) == (900, 1100)
    assert (found.capacity[3].low, found.capacity[3].point) == (1500, 1500)
    assert found.capacity[3].high == 1875 and found.joins_s == 50
    assert promise(first(certificate(), ("settings changed",))).basis == "lapsed"


@pytest.mark.parametrize("text", ["", "no certificate", certificate(void="generator")])
def test_without_one_that_holds_the_basis_is_none(text: str) -> None:
    found = promise(first(text))
    assert found.basis == "none" and found.capacity[3].point == pytest.approx(1400 / 0.85)


def test_settings_below_the_certificate_are_a_share() -> None:
    low = msgspec.structs.replace(first(certificate()), capacity=(50, 50, 400, 700))
    assert promise(low).set_share == 0.5


def test_faults_last_until_they_are_back_or_to_the_end() -> None:
    def of(what: str, subject: str, at_s: int) -> Happened:
        return Happened(at_ms=at_s * 1000, by="control", what=what, subject=subject)

    found = mishaps(
        [of("fault", "edge-0", 5), of("fault", "stage", 6), of("back", "edge-0", 9),
         of("back", "edge-7", 9)], 20,
    )  # fmt: skip
    assert [(m.subject, m.from_s, m.until_s) for m in found] == [
        ("edge-0", 5, 9),
        ("stage", 6, 21),
    ]


def test_the_kernel_is_a_chance_and_the_same_each_time() -> None:
    found = kernel()
    assert 0.8 < found.sum() <= 1.0001 and (found >= 0).all() and (found == kernel()).all()


def records(doubled: bool = False) -> list[AnyRecord]:
    out: list[AnyRecord] = [first(certificate())]
    for t in range(120):
        at = (START + t) * 1000
        for run in ("one", "two") if doubled else ("one",):
            out.append(
                EdgeSecond(
                    at_ms=at, by="edge-0", run=run, number=t, previous="",
                    strata={"": Stratum(400, 200, 200)},
                    refused={"source_spent": 9, "house_busy": 2},
                )
            )  # fmt: skip
        out.append(
            ControlSecond(
                at_ms=at, by="control", phase="live", rung=2, rung_reason="", admitted_rank=0,
                pace_permille=0, full=False, capacity=850, inside=400,
            )
        )  # fmt: skip
    speech = Happened(at_ms=(START + 7) * 1000, by="stage", what="first_speech")
    ended = Happened(at_ms=(START + 119) * 1000, by="control", what="phase", subject="ended")
    return [*out, speech, ended]


def test_a_ledger_becomes_a_night() -> None:
    found = told(records())
    assert found.night.people.tolist() == [400.0] * 120 and found.night.refused[0] == 2
    assert found.night.first_s == 7 and found.over and found.start_s == START
    assert judge(found.night, found.thresholds, 1, 40).word == "NO HARM"


def test_two_edges_with_one_name_are_two() -> None:
    found = told(records(doubled=True)).night
    assert found.units[0, 0] == 400 and found.seen.min() == 1


def test_a_ledger_that_does_not_begin_is_refused() -> None:
    for given in ([], records()[1:]):
        with pytest.raises(ValueError, match="sealed"):
            told(given)
