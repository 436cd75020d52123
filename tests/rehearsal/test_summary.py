"""Plain words: the answer first, nothing hidden, in two languages."""

from __future__ import annotations

import string

import pytest
from tests.rehearsal.certificates import findings, found, step

from rostra.rehearsal import assembly, paper_words
from rostra.rehearsal.findings import Findings
from rostra.rehearsal.paper_words import EN, FR, NOTED_FR, Language, number, seconds, short, why
from rostra.rehearsal.summary import answer, lines


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same_things() -> None:
    assert EN.keys() == FR.keys()
    for name in EN:
        assert fields(EN[name]) == fields(FR[name]), name


def test_the_answer_comes_first_and_names_the_knee() -> None:
    assert lines(findings())[0] == (
        "This house carried 6,000 listeners at once at rung 0 (the lowest delay, 2.1 s behind the "
        "voice); with 8,000, the sound stopped for too many. The door lets in at most 5,400 there."
    )


def test_without_a_knee_the_limit_is_said_to_be_unknown() -> None:
    told = " ".join(lines(findings()))
    assert "at rung 3 (economy, segments of 6 s, 19 s behind the voice); no larger crowd" in told
    assert "virtual listeners themselves were at their limit" in told


def test_a_house_that_carried_nobody_is_told_so() -> None:
    none = findings(
        rungs=(found(0, 0, 50, 0, basis="nothing"),), steps=(step(0, 50, carried=False),)
    )
    assert answer(none).startswith("This house did not carry the smallest crowd that was tried (50")


def test_a_void_rehearsal_says_why_and_gives_no_number() -> None:
    void = findings(
        void="every step was void", steps=(step(0, 500, carried=False, void="generator_cpu"),)
    )
    told = lines(void)
    assert told[0] == (
        "This rehearsal is void: every step was void: the virtual listeners' own machine was too "
        "busy. It says nothing about the house."
    )
    assert not any("6,000" in line or "5,400" in line for line in told)


@pytest.mark.parametrize("language", paper_words.LANGUAGES)
def test_every_part_of_the_findings_is_told(language: Language) -> None:
    told = lines(findings(cut_short="it was stopped by hand"), language)
    text = " ".join(told)
    for figure in (6_000, 12_000, 16_000, 32_000, 310, 3_150):
        assert number(language, figure) in text
    assert len([line for line in told if number(language, 4_000) in line]) == 2  # faults
    assert paper_words.noted(language, "it was stopped by hand") in text
    for note in (*findings().doubts, *findings().not_tested):
        assert note.rstrip(".") in text


@pytest.mark.parametrize(
    ("language", "says"),
    [("en", "the house did not answer any more"), ("fr", "la maison ne répondait plus")],
)
def test_what_cut_a_run_short_is_said_in_words(language: Language, says: str) -> None:
    cut = "house_silent: control does not answer: ConnectError()"
    assert says in lines(findings(cut_short=cut), language)[1]


def test_little_was_found_is_told_without_a_crash() -> None:
    little = Findings(
        run="r", started="", ended="", program="", generators=(), steps=(), rungs=(), joins_s=None
    )
    assert lines(little) == ["This rehearsal did not find how many listeners the house carries."]


def test_what_rehearsals_note_is_known_in_french() -> None:
    for note in assembly.NOT_TESTED:
        assert note in NOTED_FR


def test_an_unknown_code_stands_as_it_is() -> None:
    assert why("en", "stalled") == "the sound stopped for too many"
    assert why("fr", "house_burnt: nobody was there") == ("house_burnt: nobody was there")


def test_numbers_are_written_as_each_language_does() -> None:
    assert number("en", 1_234.5, 1) == "1,234.5"
    assert number("fr", 1_234.5, 1) == "1\N{NARROW NO-BREAK SPACE}234,5"
    assert seconds("en", 4.25) == "4.2\N{NARROW NO-BREAK SPACE}s"
    assert seconds("en", 120) == "2.0\N{NARROW NO-BREAK SPACE}min"
    assert [short("en", value) for value in (0.5, 2.0, 0.25)] == ["0.5", "2", "0.25"]
