"""Both languages say the same things."""

from __future__ import annotations

from string import Formatter

import pytest

from rostra.verdict.judgement import REASONS, WORDS
from rostra.verdict.report_words import EN, FR, number, percent, say


def test_each_text_is_there_in_both_with_the_same_values() -> None:
    assert EN.keys() == FR.keys()
    for name, text in EN.items():
        values, autres = ({v for _, v, _, _ in Formatter().parse(t) if v} for t in (text, FR[name]))
        assert values == autres, name


def test_each_word_and_reason_has_its_text() -> None:
    assert set(REASONS) <= EN.keys()
    assert {f"word_{word}" for word in WORDS} | set(WORDS) <= EN.keys()


def test_numbers() -> None:
    assert number("en", 1234.5, 1) == "1,234.5" and number("fr", 1234.5, 1) == "1\u202f234,5"
    assert percent("en", 0.999) == "99\u202f%" and percent("en", 1.0) == "100\u202f%"
    assert percent("en", 0.001) == "1\u202f%" and percent("en", 0) == "0\u202f%"
    with pytest.raises(KeyError):
        say("en", "nothing of the kind")
