"""The session id is found where players put it, and nowhere else."""

from __future__ import annotations

import pytest

from rostra.ground.cmcd import read_sid, sid_in_query


def test_the_session_id_is_found_where_players_put_it() -> None:
    assert read_sid('sid="6e2fb550-c457"') == "6e2fb550-c457"
    assert read_sid('cid="x",sid="abc",st=l') == "abc"
    assert sid_in_query("CMCD=bl%3D1%2Csid%3D%22abc%22&x=1") == "abc"


@pytest.mark.parametrize("value", ["", "sid=abc", 'asid="x"', 'sid=""', f'sid="{"x" * 65}"'])
def test_what_is_no_session_id_is_none(value: str) -> None:
    assert read_sid(value) == ""
    assert sid_in_query(f"x={value}") == ""
