"""Settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostra.ground import settings


def test_an_empty_file_gives_the_defaults() -> None:
    read, problems = settings.read("")
    assert (read, problems) == (settings.defaults(), [])
    assert read.number("serve.port") == 8080


def test_a_value_is_taken_over() -> None:
    read, problems = settings.read("[serve]\nport = 9000\n")
    assert not problems
    assert read.number("serve.port") == 9000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[serve]\nprot = 1\n", "did you mean serve.port?"),
        ("port = 1\n", "did you mean serve.port?"),
        ("[stage]\nmaxseats = 3\n", "did you mean stage.max_seats?"),
        ('[serve]\nport = "80"\n', "wants a whole number"),
        ("[serve]\nport = true\n", "wants a whole number"),
        ("[serve]\nport = 70000\n", "must be from 1 to 65535"),
        ("[serve]\nport = 8081\n", "must differ"),
        ('[serve]\ntls_cert = "a.pem"\n', "serve.tls_key is not set"),
        ("[serve\n", "not TOML"),
    ],
)
def test_a_wrong_setting_names_what_is_right(text: str, says: str) -> None:
    _, problems = settings.read(text)
    assert any(says in problem.message for problem in problems), problems


def test_all_problems_are_told_at_once() -> None:
    _, problems = settings.read("[serve]\nprot = 1\nport = 0\n")
    assert len(problems) == 2


def test_the_page_of_settings_is_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/settings.md").read_text()
    assert page == settings.document(), "run: rostra config explain --markdown > that page"
