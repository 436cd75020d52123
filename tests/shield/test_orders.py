"""Orders: what an operator may ask for, in one form, and what is no order."""

from __future__ import annotations

import pytest

from rostra.ground.refusals import Refused
from rostra.shield.orders import PREFIXES_MOST, Orders, checked, inside, prefix


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7/32 ", "203.0.113.7"),
        ("203.0.113.7/24", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:DB8::/48", "2001:db8::/48"),
    ],
)
def test_a_prefix_has_one_form(typed: str, kept: str) -> None:
    assert prefix(typed) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("nobody", "bad_prefix"),
        ("203.0.113.7/33", "bad_prefix"),
        ("0.0.0.0/0", "prefix_too_wide"),
        ("2000::/3", "prefix_too_wide"),
    ],
)
def test_what_is_no_prefix_or_everybody_is_refused_in_words(typed: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        prefix(typed)
    assert refused.value.refusal.code == code
    assert refused.value.refusal.message.endswith(".")


def test_the_newest_word_about_a_prefix_counts() -> None:
    orders = Orders().allowing("10.0.0.0/8").denying("203.0.113.7").denying("10.1.2.3/8")
    assert (orders.allow, orders.deny) == ((), ("203.0.113.7", "10.0.0.0/8"))
    orders = orders.allowing("203.0.113.7").allowing("203.0.113.7/32")
    assert (orders.allow, orders.deny) == (("203.0.113.7",), ("10.0.0.0/8",))
    assert orders.forgetting("10.0.0.0/8").forgetting("203.0.113.7") == Orders()
    with pytest.raises(Refused, match="neither allowed nor denied"):
        orders.forgetting("10.9.0.0/16")


def test_lists_are_bounded_and_modes_are_three() -> None:
    orders = Orders()
    for number in range(PREFIXES_MOST):
        orders = orders.denying(f"10.0.{number // 256}.{number % 256}")
    with pytest.raises(Refused, match="at most"):
        orders.denying("192.0.2.1")
    with pytest.raises(Refused, match="auto, attack, off"):
        checked(Orders(), mode="panic")
    assert checked(Orders(), mode="attack", dry_run=True).mode == "attack"
    assert checked(orders, mode=None).mode is None


def test_bans_may_be_lifted_by_any_width() -> None:
    assert bytes([1, 2, 3, 4]) in inside("0.0.0.0/0")
    with pytest.raises(Refused):
        inside("nobody")
