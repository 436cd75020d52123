"""What an operator sees."""

from __future__ import annotations

from rostra.control.dashboard import FRESH_S, Dashboard
from rostra.ground.facts import EdgeTallied, PackagerTallied, StageTallied


def edge(name: str, *sessions: int) -> EdgeTallied:
    return EdgeTallied(
        edge=name,
        at_ms=0,
        connections=len(sessions),
        held=0,
        requests={},
        refusals={},
        body_bytes=100,
        busy_fraction=0.5,
        loop_lag_ms=1.0,
        listeners={"abc": b"".join(n.to_bytes(8) for n in sorted(sessions))},
    )


def test_a_listener_on_two_edges_counts_once() -> None:
    board = Dashboard()
    board.handle(edge("edge-0", 1, 2, 3), now=10.0)
    board.handle(edge("edge-1", 3, 4), now=10.0)
    assert board.connected("abc", now=10.5) == 4
    assert board.connected("other", now=10.5) == 0


def test_an_edge_that_fell_silent_no_longer_counts() -> None:
    board = Dashboard()
    board.handle(edge("edge-0", 1, 2), now=10.0)
    board.handle(edge("edge-1", 3), now=10.0 + FRESH_S)
    assert board.connected("abc", now=11.0 + FRESH_S) == 1
    assert [row["edge"] for row in board.edges(now=11.0 + FRESH_S)] == ["edge-1"]


def test_silence_of_stage_and_packager_is_shown_as_silence() -> None:
    board = Dashboard()
    assert board.stage(0.0) is None
    board.handle(
        StageTallied(
            at_ms=0, seats=2, ticks=50, late_ticks=0, cpu_fraction=0.2, loop_lag_ms=0.4,
            frames_concealed=1, packets_lost=1,
        ),
        now=1.0,
    )  # fmt: skip
    board.handle(
        PackagerTallied(
            at_ms=0, events=1, media_samples=48_000, silence_samples=24_000, behind_ms=3,
            cpu_fraction=0.1,
        ),
        now=1.0,
    )  # fmt: skip
    stage, packager = board.stage(2.0), board.packager(2.0)
    assert stage
    assert packager
    assert (stage["seats"], packager["silence_s"]) == (2, 0.5)
    assert board.stage(2.0 + FRESH_S) is None
    assert board.packager(2.0 + FRESH_S) is None
