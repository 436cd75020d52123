from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rostra.rehearsal.asks import Ask, Intent
from rostra.rehearsal.request_head import Heads

HEADS = Heads("listen.example.org", "https://listen.example.org", "/e/reh", "tok")


def ask(path: str = "/e/reh", method: str = "GET", **fields: str | bool) -> Ask:
    known: dict[str, str | bool] = {"bearer": "", "nonce": "", **fields}
    return Ask(method, path, intent=Intent.STATE, **known)  # type: ignore[arg-type]


def request(one: Ask) -> str:
    return (HEADS.start(one) + HEADS.rest(one)).decode()


def test_a_request_says_where_and_that_it_is_a_rehearsals() -> None:
    said = request(ask())
    assert said.startswith("GET /e/reh HTTP/1.1\r\nHost: listen.example.org\r\n")
    assert said.endswith("\r\n\r\n") and said.count("\r\n\r\n") == 1
    assert "Rostra-Rehearsal\r\n" in said and "Rostra-Rehearsal:" not in said


def test_the_door_is_asked_with_credentials_proof_and_the_rehearsals_token() -> None:
    said = request(ask("/e/reh/ticket", "POST", bearer="a.b.c", nonce="n1", rehearsal=True))
    for line in (
        "Authorization: Bearer a.b.c",
        "Rostra-Nonce: n1",
        "Rostra-Rehearsal: tok",
        "Content-Length: 0",
    ):
        assert f"\r\n{line}\r\n" in said


@given(st.text(), st.text(), st.text())
def test_nothing_that_a_server_said_can_begin_a_line_or_another_request(
    path: str, bearer: str, nonce: str
) -> None:
    said = request(ask(path, bearer=bearer, nonce=nonce))
    plain = request(ask("/", bearer="x" if bearer else "", nonce="y" if nonce else ""))
    assert said.count("\r\n") == plain.count("\r\n") and said.isascii()
    assert said.splitlines()[0].count(" ") == 2
