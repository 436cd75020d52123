from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.shield.sources import (
    NOWHERE,
    Networks,
    SourceInvalid,
    neighbourhood,
    read_network,
    source_of,
    text_of,
)


def test_an_ipv4_address_is_its_own_source_also_inside_ipv6() -> None:
    assert source_of("203.0.113.7") == bytes([203, 0, 113, 7])
    assert source_of("::ffff:203.0.113.7") == source_of("203.0.113.7")


def test_addresses_of_one_household_are_one_source() -> None:
    assert source_of("2001:db8:1:2::1") == source_of("2001:db8:1:2:ffff::9")
    assert source_of("2001:db8:1:2::1") != source_of("2001:db8:1:3::1")
    assert source_of("fe80::1%eth0") == source_of("fe80::2")


def test_what_is_no_address_is_nowhere() -> None:
    assert source_of("") == source_of("/run/x.sock") == NOWHERE


def test_sources_are_written_as_people_write_them() -> None:
    assert text_of(source_of("203.0.113.7")) == "203.0.113.7"
    assert text_of(neighbourhood(source_of("203.0.113.7"))) == "203.0.113.0/24"
    assert text_of(source_of("2001:db8:1:2::1")) == "2001:db8:1:2::/64"
    assert text_of(neighbourhood(source_of("2001:db8:1:2::1"))) == "2001:db8:1::/48"


@given(st.ip_addresses())
def test_a_source_written_down_is_the_same_source(address: object) -> None:
    source = source_of(str(address))
    assert source in Networks([text_of(source)])
    assert source_of(text_of(source).partition("/")[0]) == source


@given(st.ip_addresses(v=4), st.integers(1, 32), st.ip_addresses(v=4))
def test_a_set_of_prefixes_holds_what_lies_in_them(
    inside: object, bits: int, other: object
) -> None:
    networks = Networks([f"{inside}/{bits}", "2001:db8::/32"])
    assert source_of(str(inside)) in networks
    network = read_network(f"{inside}/{bits}")
    assert (source_of(str(other)) in networks) == (other in network)
    assert source_of("2001:db8::1") in networks and source_of("2001:db9::1") not in networks


def test_an_empty_set_holds_nothing() -> None:
    assert not Networks([]) and source_of("127.0.0.1") not in Networks([])


def test_an_ipv6_address_stands_for_its_household() -> None:
    assert str(read_network("2001:db8::1")) == "2001:db8::/64"


@pytest.mark.parametrize("text", ["", "example.org", "203.0.113.0/33", "1.2.3"])
def test_what_is_no_prefix_is_said_with_one_that_is(text: str) -> None:
    with pytest.raises(SourceInvalid, match=r"203\.0\.113|2001:db8"):
        read_network(text)
