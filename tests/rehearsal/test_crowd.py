"""The same script makes the same crowd, and the crowd is the one that the script says."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostra.rehearsal.crowd import arrivals, crowd, people
from rostra.rehearsal.script import Script, read_script
from rostra.rehearsal.scripts_io import bundled
from rostra.rehearsal.waves import WAVES

MANY = 100_000


def script(text: str) -> Script:
    found = read_script('name = "x"\n' + text)
    assert isinstance(found, Script), found
    return found


def wave(kind: str, **values: object) -> str:
    return f'[[wave]]\nkind = "{kind}"\n' + "".join(f"{k} = {v}\n" for k, v in values.items())


def test_the_crowd_is_the_same_on_every_machine() -> None:
    # These bytes were written down once: another NumPy, another machine must give them again.
    at_s = np.round(arrivals(bundled()["night"], 1000), 6)
    assert hashlib.sha256(at_s.tobytes()).hexdigest()[:16] == "bea80a0aa5de7254"


def test_another_seed_is_another_crowd() -> None:
    one, other = script(wave("spike")), script("seed = 2\n" + wave("spike"))
    assert people(one, 100) == people(one, 100) != people(other, 100)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(bundled())), st.integers(0, 3000))
def test_all_come_in_order_within_the_script_and_stay_no_longer(name: str, number: int) -> None:
    played = bundled()[name]
    found = crowd(played, number)
    assert len(found.at_s) == number
    assert (np.diff(found.at_s) >= 0).all()
    assert ((found.at_s >= played.begins_s) & (found.at_s <= played.ends_s)).all()
    assert (found.stay_s >= 0).all()
    assert (found.at_s + found.stay_s <= played.ends_s + 1e-6).all()
    drops = ~np.isnan(found.drop_after_s)
    assert (found.drop_after_s[drops] <= found.stay_s[drops]).all()
    assert set(np.unique(found.tabs)) <= {1, 2}


def test_waves_have_their_shares_to_the_person() -> None:
    text = wave("even", share=1, from_s=0, until_s=10) + wave(
        "even", share=2, from_s=20, until_s=30
    )
    at_s = arrivals(script(text), 1000)
    assert int((at_s < 15).sum()) == 333
    assert len(at_s) == 1000


def test_people_are_the_crowd_from_the_runs_zero() -> None:
    played = script("[shares]\ndrops = 0.5\n" + wave("spike"))
    rows, columns = people(played, 500), crowd(played, 500)
    assert [row.number for row in rows] == list(range(500))
    for row, at_s, drop_s in zip(rows, columns.at_s, columns.drop_after_s, strict=True):
        assert row.at_s == pytest.approx(at_s - played.begins_s) and row.at_s >= 0
        assert (row.drop_after_s is None) == bool(np.isnan(drop_s))
        assert row.patience_s is None


def hourly(text: str, *edges_s: float) -> list[float]:
    at_s = arrivals(script("ends_s = 3600\n" + text), MANY)
    return list(np.histogram(at_s, edges_s)[0] / MANY)


@pytest.mark.parametrize(
    ("text", "edges_s", "shares"),
    [
        (wave("even", from_s=0, until_s=100), (0, 25, 50, 75, 100), [0.25] * 4),
        (wave("ramp", from_s=0, until_s=100), (0, 50, 100), [0.25, 0.75]),
        (wave("steps", steps=4, from_s=0, until_s=40), (0, 10, 20, 30, 40), [0.1, 0.2, 0.3, 0.4]),
        # e-folds: a fifth rises, four fifths fall
        (
            wave("spike", rise_s=10, fall_s=40),
            (-100, -10, 0, 40, 400),
            [0.2 * np.exp(-1), 0.2 * (1 - np.exp(-1)), 0.8 * (1 - np.exp(-1)), 0.8 * np.exp(-1)],
        ),
        # Gamma of two: 1 − e^−x (1 + x)
        (
            wave("mention", at_s=0, reach_s=10),
            (0, 10, 40, 400),
            [1 - 2 * np.exp(-1), 2 * np.exp(-1) - 5 * np.exp(-4), 5 * np.exp(-4)],
        ),
        (wave("country", at_s=100, width_s=10), (0, 90, 110, 200), [0.1587, 0.6827, 0.1587]),
        (
            wave("shape", from_s=0, each_s=5, counts=[1, 0, 3]),
            (0, 5, 10, 15),
            [0.25, 0.0, 0.75],
        ),
    ],
)
def test_each_kind_brings_its_people_when_it_says(
    text: str, edges_s: tuple[float, ...], shares: list[float]
) -> None:
    assert hourly(text, *edges_s) == pytest.approx(shares, abs=0.005)


def test_every_kind_is_played_here() -> None:
    assert set(WAVES) == {"even", "ramp", "steps", "spike", "mention", "country", "shape"}


def test_nobody_is_heaped_where_a_wave_is_cut() -> None:
    played = script("ends_s = 60\n" + wave("spike", rise_s=1, fall_s=60))
    at_s = arrivals(played, MANY)
    last, before = ((at_s > 59).sum(), ((at_s > 58) & (at_s <= 59)).sum())
    assert 0.8 < last / before < 1.1


def test_stays_have_their_mean_and_their_ends() -> None:
    text = "ends_s = 80000\n[stay]\nmean_s = 300\nshape = 0.7\nto_end = 0.25\n"
    found = crowd(script(text + wave("spike")), MANY)
    ends = found.at_s + found.stay_s >= 80000 - 1e-6
    assert ends.mean() == pytest.approx(0.25, abs=0.01)
    assert found.stay_s[~ends].mean() == pytest.approx(300, rel=0.03)


def test_habits_have_their_shares_and_do_not_go_together() -> None:
    text = (
        "[shares]\ndouble_tabs = 0.3\nsilent = 0.5\neconomy = 0.2\n"
        "drops = 0.1\ndropped_s = 20\nimpatient = 0.4\npatience_s = 60\n"
    )
    found = crowd(script(text + wave("spike")), MANY)
    tabs, drops = found.tabs == 2, ~np.isnan(found.drop_after_s)
    for column, share in (
        (tabs, 0.3),
        (found.silent, 0.5),
        (found.economy, 0.2),
        (drops, 0.1),
        (np.isfinite(found.patience_s), 0.4),
        (tabs & found.silent, 0.15),
        (tabs & drops, 0.03),
    ):
        assert column.mean() == pytest.approx(share, abs=0.01)
    assert found.dropped_s[drops].mean() == pytest.approx(20, rel=0.05)
    assert not found.dropped_s[~drops].any()
    waits = found.patience_s[np.isfinite(found.patience_s)]
    assert waits.mean() == pytest.approx(60, rel=0.05)
