"""Attack profiles are data: each says what it is; parts of an attack are never more than it."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.rehearsal.attack import (
    ALL,
    MIXTURE,
    NAMES,
    PROFILES,
    SAYS,
    Manner,
    expanded,
    parts,
    sources,
)


def test_every_profile_says_what_it_is_and_what_no_honest_client_does_in_it() -> None:
    for name, profile in PROFILES.items():
        assert profile.name == name and profile.never
        assert profile.says.endswith(".") and SAYS[name] == profile.says
    assert len({profile.says for profile in PROFILES.values()}) == len(PROFILES)
    assert set(NAMES) == {*PROFILES, MIXTURE, ALL}


def test_the_retry_storm_is_the_only_honest_one_and_is_never_played_as_an_attack() -> None:
    assert [name for name, profile in PROFILES.items() if profile.honest] == ["retry_storm"]
    assert parts(("retry_storm",), 100, 10, stage=True) == ()
    assert "retry_storm" not in {part.profile.name for part in parts((MIXTURE,), 100, 99, True)}


def test_the_mixture_is_every_attack() -> None:
    mixed = {part.profile.name for part in parts((MIXTURE,), 1000, 1000, stage=True)}
    assert mixed == {name for name, profile in PROFILES.items() if not profile.honest}


def test_nothing_is_sent_to_the_stage_unless_its_port_may_be_attacked() -> None:
    assert parts(("stage_junk",), 100, 10, stage=False) == ()
    assert not any(part.profile.stage for part in parts((MIXTURE,), 1000, 1000, stage=False))


@given(
    st.lists(st.sampled_from([*PROFILES, MIXTURE]), min_size=1),
    st.floats(1, 1e6),
    st.integers(1, 20_000),
)
def test_the_parts_of_an_attack_are_never_more_than_the_whole(
    names: list[str], requests_s: float, connections: int
) -> None:
    those = parts(tuple(names), requests_s, connections, stage=True)
    assert sum(part.connections for part in those) <= connections
    assert sum(part.requests_s for part in those) <= requests_s * (1 + 1e-9)
    assert all(part.connections >= 1 for part in those)
    if len(names) == 1 and names[0] in PROFILES and those:
        assert those[0].connections == connections
        assert those[0].requests_s == pytest.approx(requests_s)


def test_all_stands_for_each_and_then_the_mixture() -> None:
    assert expanded((ALL,)) == (*PROFILES, MIXTURE)
    assert expanded(("mimic", ALL))[0] == "mimic"
    assert len(expanded(("mimic", ALL))) == len(PROFILES) + 1


@pytest.mark.parametrize("count", [1, 300, 1000, 5000])
def test_sources_are_many_addresses_of_this_machine_in_many_networks(count: int) -> None:
    found = sources(count)
    assert len(set(found)) == count
    here = [ipaddress.ip_network("127.16.0.0/16"), ipaddress.ip_network("127.17.0.0/16")]
    assert all(any(ipaddress.ip_address(one) in net for net in here) for one in found)
    networks = {one.rpartition(".")[0] for one in found}
    assert len(networks) == min(count, 512)


def test_several_attackers_have_addresses_of_their_own() -> None:
    assert not set(sources(700)) & set(sources(700, first=700))
    assert sources(10, first=65_530) == sources(6, first=65_530)


def test_every_manner_is_used() -> None:
    assert {profile.manner for profile in PROFILES.values()} == set(Manner)
