"""Certificates: sealed, read, what they allow, why they lapse."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rehearsal.certificates import KEY, certificate, changed, found, step

from rostra.admission.ladder import LADDER
from rostra.admission.ladder import MEDIA_RUNGS as LADDERS_MEDIA_RUNGS
from rostra.ground.refusals import Refusal
from rostra.ground.sealed import public_key, seal
from rostra.rehearsal.certificate import DEARER, MEDIA_RUNGS, allowed, joins, lapsed, read
from rostra.rehearsal.certificate import seal as seal_certificate
from rostra.rehearsal.findings import Interval, RungFound


def code(answer: object) -> str:
    assert isinstance(answer, Refusal)
    return answer.code


def test_what_was_sealed_is_read_again_with_its_key() -> None:
    assert read(seal_certificate(certificate(), KEY)) == (certificate(), public_key(KEY))


def test_a_changed_number_breaks_the_seal() -> None:
    wire = json.loads(seal_certificate(certificate(), KEY))
    wire["says"]["findings"]["rungs"][0]["allowed"] += 1
    assert code(read(json.dumps(wire).encode())) == "seal_broken"


def test_another_version_and_another_shape_are_refused_with_a_code() -> None:
    assert code(read(seal("certificate", {"v": 2}, KEY))) == "certificate_version"
    assert code(read(seal("certificate", {"v": 1}, KEY))) == "certificate_unreadable"
    assert code(read(seal("consent", {"v": 1}, KEY))) == "seal_other_kind"
    assert code(read(b"\0")) == "seal_unreadable"


def test_a_number_that_is_none_cannot_be_sealed() -> None:
    with pytest.raises(ValueError, match="canonical"):
        seal_certificate(certificate(joins_s=Interval(float("nan"), 0, 0)), KEY)


def test_a_certificate_allows_what_each_rung_was_found_to_carry() -> None:
    assert allowed(certificate()) == ((5_400, 10_800, 32_000, 32_000), 280.0)


def test_a_void_rehearsal_allows_nothing() -> None:
    assert allowed(certificate(void="generator_busy")) is None
    assert allowed(certificate(rungs=())) is None


def test_a_rung_without_a_knee_carries_at_least_what_a_dearer_one_does() -> None:
    rungs = (found(0, 6_000, 8_000, 5_400), found(1, 3_000, None, 3_000, basis="seen"))
    assert allowed(certificate(rungs=rungs)) == ((5_400, 5_400, 5_400, 5_400), 280.0)
    knee = (found(0, 6_000, 8_000, 5_400), found(1, 3_000, 4_000, 2_700))
    assert allowed(certificate(rungs=knee)) == ((5_400, 2_700, 2_700, 2_700), 280.0)


def test_an_unmeasured_dear_rung_carries_a_part_of_the_cheaper_one() -> None:
    only = certificate(rungs=(found(2, 16_000, None, 16_000),), steps=())
    assert allowed(only) == ((1_000, 4_000, 16_000, 16_000), 280.0)
    assert MEDIA_RUNGS == LADDERS_MEDIA_RUNGS
    asks = [rung.requests_s for rung in LADDER[:MEDIA_RUNGS]]
    assert all(dear <= DEARER * cheap for dear, cheap in pairwise(asks))


def test_a_rung_that_failed_at_once_allows_nobody_and_one_not_tried_is_not_that() -> None:
    none = found(0, 0, 50, 0, basis="nothing")
    rungs = (none, found(1, 400, None, 400))
    failed = certificate(rungs=rungs, steps=(step(0, 50, carried=False),))
    assert allowed(failed) == ((0, 400, 400, 400), 280.0)
    void = changed(failed, steps=(step(0, 50, carried=False, void="generator_busy"),))
    assert allowed(void) == ((100, 400, 400, 400), 280.0)


def test_joins_are_the_sure_ones_and_careful_where_none_were_found() -> None:
    assert joins(certificate().findings, 60_000) == 280.0
    none = certificate(joins_s=None)
    assert joins(none.findings, 60_000) == 100.0
    assert joins(none.findings, 5) == 1.0
    assert allowed(none) == ((5_400, 10_800, 32_000, 32_000), 9.0)


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(-5, 10**7), st.booleans()),
        unique_by=lambda row: row[0],
    )
)
def test_allowed_is_never_more_than_the_most_that_was_found(
    rows: list[tuple[int, int, bool]],
) -> None:
    rungs: tuple[RungFound, ...] = tuple(
        found(rung, max(0, most), most + 1 if knee else None, most) for rung, most, knee in rows
    )
    got = allowed(certificate(rungs=rungs))
    most = max((row[1] for row in rows), default=0)
    assert got is None if most <= 0 else got is None or max(got[0]) <= most
    if got is not None:
        assert min(got[0]) >= 0


def test_a_certificate_lapses_when_one_of_three_changes_and_says_which() -> None:
    made = certificate()
    assert lapsed(made, "b" * 64, "s" * 64, "m" * 64) == []
    assert len(lapsed(made, "x", "y", "z")) == 3
    (program,) = lapsed(made, "x", "s" * 64, "m" * 64)
    assert "program" in program
    settings = {"edge.max_connections": 9000, "serve.edges": 2, "tls": False}
    (why,) = lapsed(made, "b" * 64, "x", "m" * 64, settings_said=settings)
    assert why == "settings changed (edge.max_connections: 18000, now 9000)"


def test_many_changes_are_counted_not_listed() -> None:
    (why,) = lapsed(
        certificate(), "b" * 64, "s" * 64, "x", machine_said={f"n{n:02}": n for n in range(20)}
    )
    assert why.endswith("and 19 more)")
