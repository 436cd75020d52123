"""What began first."""

from __future__ import annotations

import numpy as np
import pytest

from rostra.verdict.onset import onset, order


def test_a_step_is_found_where_it_is() -> None:
    values = np.concatenate([np.zeros(100), np.full(100, 10.0)])
    assert onset(values, 1.0) == pytest.approx(100, abs=2)


def test_noise_and_silence_begin_nothing() -> None:
    noise = np.random.Generator(np.random.PCG64(1)).normal(0, 0.1, 500)
    assert onset(noise, 1.0) is None and onset(np.zeros(0), 1.0) is None


def test_the_first_stands_first_and_what_never_rose_is_left_out() -> None:
    step = np.concatenate([np.zeros(50), np.full(50, 10.0)])
    later = np.concatenate([np.zeros(80), np.full(20, 10.0)])
    found = order({"later": (later, 1.0), "first": (step, 1.0), "never": (np.zeros(100), 1.0)})
    assert [name for name, _ in found] == ["first", "later"]
