from __future__ import annotations

from collections.abc import Callable

from rostra.delivery.turns import EACH_S, Turn, Turns


class Loop:
    """A clock that moves only when told, and a loop that turns only when told."""

    def __init__(self) -> None:
        self.now = 0.0
        self._soon: list[Callable[[], None]] = []
        self.turns = Turns(lambda: self.now, self._soon.append)

    def turn(self) -> None:
        due, self._soon[:] = list(self._soon), []
        for act in due:
            act()

    @property
    def idle(self) -> bool:
        return not self._soon


def test_each_turn_has_a_few_milliseconds_for_those_without_a_pass() -> None:
    loop = Loop()
    assert not loop.turns.over()
    loop.now += EACH_S
    assert loop.turns.over()
    loop.turn()
    assert not loop.turns.over(), "a new turn, a new time"


def test_who_waits_is_served_in_the_order_of_coming_and_before_who_comes() -> None:
    loop = Loop()
    served: list[int] = []

    def serve(number: int) -> None:
        served.append(number)
        loop.now += 0.6 * EACH_S

    for number in range(5):
        loop.turns.wait(lambda number=number: serve(number))  # type: ignore[misc]
    loop.turn()
    assert served == [0, 1] and loop.turns.over(), "the second ended late; nobody else begins"
    loop.turn()
    loop.turn()
    assert served == [0, 1, 2, 3, 4]
    loop.turn()
    loop.turn()
    assert loop.idle, "nobody waits, so nothing is called any more"


def test_who_needs_far_too_long_is_served_all_the_same_one_a_turn() -> None:
    loop = Loop()
    served: list[int] = []

    def serve() -> None:
        served.append(1)
        loop.now += 100 * EACH_S

    for _ in range(3):
        loop.turns.wait(serve)
    for turns in range(1, 4):
        loop.turn()
        assert len(served) == turns


def test_who_is_gone_is_not_called() -> None:
    loop = Loop()
    gone = loop.turns.wait(lambda: pytest_fail())
    gone.cancel()
    loop.turn()
    assert len(loop.turns) == 0


def test_who_waits_again_waits_behind_the_others() -> None:
    loop = Loop()
    served: list[str] = []

    def again() -> None:
        served.append("again")
        if len(served) < 4:
            loop.turns.wait(again)

    loop.turns.wait(again)
    loop.turns.wait(lambda: served.append("other"))
    loop.turn()
    assert served == ["again", "other"]
    loop.turn()
    assert served == ["again", "other", "again"]


def test_one_that_breaks_does_not_keep_the_others_waiting() -> None:
    loop = Loop()
    served: list[str] = []

    def breaks() -> None:
        raise RuntimeError

    loop.turns.wait(breaks)
    loop.turns.wait(lambda: served.append("other"))
    try:
        loop.turn()
    except RuntimeError:
        served.append("broke")
    loop.turn()
    assert served == ["broke", "other"]


def pytest_fail() -> None:
    raise AssertionError("called")


def test_a_turn_comes_once() -> None:
    calls: list[int] = []
    turn = Turn(lambda: calls.append(1))
    turn.come()
    turn.come()
    assert calls == [1]
