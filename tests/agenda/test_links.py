"""Links that are given out."""

from __future__ import annotations

from urllib.parse import urlsplit

from rostra.agenda.links import invite, links
from rostra.ground.facts import Event, Role
from rostra.ground.signing import Invitation, read_invitation

KEY = bytes(range(32))
EVENT = Event(event_id="abc", title="x", start_ms=1_800_000_000_000)


def test_invitations_stand_in_the_fragment_which_no_server_sees() -> None:
    made = links(EVENT, KEY, "http://p", "http://s", 30)
    for link in (made.host_link, made.speaker_link):
        assert urlsplit(link).path == "/s/abc"
        assert urlsplit(link).fragment.count(".") == 2
    assert made.listener_link == "http://p/e/abc"


def test_the_links_give_the_roles_they_say() -> None:
    made = links(EVENT, KEY, "http://p", "http://s", 30)
    for link, role in ((made.host_link, Role.HOST), (made.speaker_link, Role.SPEAKER)):
        invitation = read_invitation(urlsplit(link).fragment, "abc", KEY, 1_800_000_000)
        assert isinstance(invitation, Invitation)
        assert invitation.role is role


def test_the_listener_link_holds_nothing_of_the_host_link() -> None:
    made = links(EVENT, KEY, "http://p", "http://s", 30)
    other = links(EVENT, bytes(32), "http://p", "http://s", 30)
    assert made.listener_link == other.listener_link  # no key went into it
    assert made.host_link != other.host_link


def test_an_invitation_for_one_person_holds_the_name() -> None:
    token = urlsplit(invite(EVENT, Role.CO_HOST, "Ada", KEY, "http://s", 1)).fragment
    invitation = read_invitation(token, "abc", KEY, 1_800_000_000)
    assert isinstance(invitation, Invitation)
    assert (invitation.name, invitation.role) == ("Ada", Role.CO_HOST)
