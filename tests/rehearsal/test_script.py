"""A script is read whole, or all that is wrong with it is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.rehearsal.script import Script, digest, document, read_script, squeezed
from rostra.rehearsal.scripts_io import bundled, load
from rostra.rehearsal.wish import AROUND_S, MINUTES_MOST, fitted

LEAST = 'name = "x"\n[[wave]]\nkind = "spike"\n'
ATTACK = '[[attack]]\nprofile = "mimic"\nfrom_s = 10\nuntil_s = 60\n'


def good(text: str) -> Script:
    script = read_script(text)
    assert isinstance(script, Script), script
    return script


def wrong(text: str) -> dict[str, str]:
    problems = read_script(text)
    assert isinstance(problems, list)
    return {problem.name: problem.message for problem in problems}


def test_what_is_not_said_has_a_default() -> None:
    script = good(LEAST)
    assert script.seed == 1 and script.ends_s == 900 and script.stay.mean_s == 1500
    assert script.waves[0].number("fall_s") == 60
    assert script.begins_s == -900


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        ('listeneers = 5\nname = "x"\n[[wave]]\nkind = "spike"', "listeneers", "listeners?"),
        ('name = "x"\n[stay]\nmeen_s = 5\n[[wave]]\nkind = "spike"', "stay.meen_s", "mean_s?"),
        (LEAST + "rise = 5", "wave[1].rise", "rise_s?"),
        (LEAST + "[[storms]]\nat_s = 5", "storms", "storm?"),
        (LEAST.replace("spike", "spikes"), "wave[1].kind", "spike?"),
        (LEAST.replace("spike", "zzz"), "wave[1].kind", "known are even"),
        (LEAST + "share = -1", "wave[1].share", "from 1e-09"),
        (LEAST + "rise_s = -2", "wave[1].rise_s", "must be from"),
        (LEAST + "rise_s = nan", "wave[1].rise_s", "a number"),
        (LEAST + "rise_s = true", "wave[1].rise_s", "a number"),
        (LEAST + 'rise_s = "5"', "wave[1].rise_s", "a number"),
        ('name = "x"\nseed = 1.5\n[[wave]]\nkind = "spike"', "seed", "a whole number"),
        ('name = ""\n[[wave]]\nkind = "spike"', "name", "text in quotes"),
        ('[[wave]]\nkind = "spike"', "name", "is missing"),
        (LEAST.replace("spike", "mention"), "wave[1].at_s", "is missing"),
        ('name = "x"', "wave", "nobody comes"),
        ('name = "x"\nwave = 3', "wave", "[[wave]]"),
        ('name = "x"\nwave = [3]', "wave[1].kind", "None"),
        (LEAST + "[stay]\nto_end = 1.5", "stay.to_end", "from 0 to 1"),
        ('name = "x"\nstay = 3\n[[wave]]\nkind = "spike"', "stay", "must be a table"),
        (LEAST + "at_s = 5000", "wave[1]", "after its end"),
        (LEAST + "[[storm]]\nat_s = 5000", "storm", "outside of the script"),
        (LEAST + '[[fault]]\nname = "hog"\nat_s = -5000', "fault", "outside of the script"),
        (LEAST + '[[fault]]\nname = "packer"\nat_s = 5', "fault[1].name", "packager?"),
        (LEAST.replace("spike", "even") + "from_s = 5\nuntil_s = 5", "wave[1]", "before it begins"),
        (LEAST.replace("spike", "shape") + "counts = [1, -2]", "wave[1].counts", "-2"),
        (LEAST.replace("spike", "shape") + "counts = [0, 0]", "wave[1]", "brings nobody"),
        (LEAST.replace("spike", "shape") + "counts = []", "wave[1].counts", "a list"),
        ("name = ", "", "not TOML"),
        ("seed = 1" + "0" * 5000, "", "not TOML"),
        ("seed = " + "[" * 5000, "", "not TOML"),
        ("seed = 1" + "0" * 400, "seed", "must be from"),
        (LEAST.replace('"spike"', "[1]"), "wave[1].kind", "known are even"),
        (LEAST + ATTACK.replace("mimic", "mimics"), "attack[1].profile", "mimic?"),
        (LEAST + ATTACK.replace('"mimic"', "3"), "attack[1].profile", "text in quotes"),
        (LEAST + ATTACK + "times = -1", "attack[1].times", "from 0"),
        (LEAST + ATTACK + "source = 3", "attack[1].source", "sources?"),
        (LEAST + ATTACK.replace("= 60", "= 5"), "attack[1].until_s", "before it begins"),
        (LEAST + ATTACK.replace("= 60", "= 5000"), "attack", "outside of the script"),
        (LEAST + "[[attack]]", "attack[1].profile", "is missing"),
    ],
)
def test_what_is_wrong_is_named_with_its_mend(text: str, name: str, says: str) -> None:
    problems = wrong(text)
    assert says in problems[name]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert len(wrong('seed = -1\n[[wave]]\nkind = "spike"\nshare = 0\n[[storm]]\n')) == 4


@given(st.text())
def test_no_text_makes_it_fail(text: str) -> None:
    read_script(text)


def test_the_digest_knows_what_is_said_and_not_how_it_is_written() -> None:
    spaced = good(LEAST.replace("\n[[", "\n\n# why\n[["))
    assert digest(spaced) == digest(good(LEAST))
    assert digest(good("seed = 2\n" + LEAST)) != digest(good(LEAST))


def test_a_squeezed_evening_keeps_its_proportions() -> None:
    script = good(LEAST + "[[storm]]\nat_s = 450")
    short = squeezed(script, 180)
    assert short.ends_s - short.begins_s == pytest.approx(180)
    assert list(short.storms) == pytest.approx([45])
    assert short.waves[0].number("rise_s") == pytest.approx(2)
    assert short.stay.mean_s == pytest.approx(150)
    assert squeezed(script, 10_000) is script


def test_an_attack_has_its_time_and_its_strength() -> None:
    script = good(LEAST + ATTACK + "requests_s = 700\nsources = 20")
    attack = script.attacks[0]
    assert (attack.profile, attack.from_s, attack.until_s) == ("mimic", 10, 60)
    assert (attack.requests_s, attack.sources, attack.times) == (700, 20, 10)
    short = squeezed(script, (script.ends_s - script.begins_s) / 10)
    assert (short.attacks[0].from_s, short.attacks[0].until_s) == pytest.approx((1, 6))
    assert short.attacks[0].requests_s == 700
    assert digest(script) != digest(good(LEAST + ATTACK))


def test_a_limit_that_was_never_reached_is_none_after_squeezing() -> None:
    script = good('name = "x"\n[[wave]]\nkind = "spike"\nrise_s = 200')
    assert squeezed(script, 100).begins_s == pytest.approx(script.begins_s * 100 / 2500)


def test_every_bundled_script_can_be_played() -> None:
    names = {path.stem for path in Path("src/rostra/rehearsal/scripts").glob("*.toml")}
    assert names == set(bundled()) and len(names) >= 7
    for name, script in bundled().items():
        assert script.name == name and script.says
        assert load(name) == script


def test_a_script_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    found = load("nigth")
    assert isinstance(found, list) and "night?" in found[0].message
    found = load(str(tmp_path / "mine.toml"))
    assert isinstance(found, list) and "cannot be read" in found[0].message
    (tmp_path / "mine.toml").write_text(LEAST)
    assert isinstance(load(str(tmp_path / "mine.toml")), Script)


def test_the_page_is_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/scripts.md").read_text()
    assert page == document(list(bundled().values()))


def test_the_pages_example_is_a_script() -> None:
    page = document([])
    good(page.split("```toml\n")[1].split("```")[0])


@pytest.mark.parametrize("script", bundled().values(), ids=list(bundled()))
@pytest.mark.parametrize("minutes", [None, 2, 9, 58])
@pytest.mark.parametrize("only", [True, False])
def test_every_night_fits_into_what_a_house_consents_to(
    script: Script, minutes: int | None, only: bool
) -> None:
    fits, takes_min, faster = fitted(script, minutes, only)
    lasts_s = fits.ends_s - fits.begins_s
    assert takes_min <= MINUTES_MOST and takes_min == (minutes or takes_min)
    assert lasts_s + AROUND_S <= takes_min * 60
    assert faster * lasts_s == pytest.approx(script.ends_s - script.begins_s)
    if minutes is None and only and lasts_s < 50 * 60:
        assert fits is script and faster == 1
