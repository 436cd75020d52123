"""Links that are given out: listener, speaker, host; invitations stand in the fragment only."""

from __future__ import annotations

import msgspec

from rostra.ground.facts import Event, Role
from rostra.ground.signing import Invitation, sign_invitation

_DAY_S = 86_400


class Addresses(msgspec.Struct, frozen=True):
    """Where people go, without a trailing slash."""

    public_url: str
    control_url: str
    stage_url: str


class Links(msgspec.Struct, frozen=True):
    """What `rostra event create` prints.

    A fragment (RFC 3986 3.5) is never sent to a server, so no log can hold an invitation.
    """

    listener_link: str
    speaker_link: str
    host_link: str


def invite(event: Event, role: Role, name: str, key: bytes, stage_url: str, valid_days: int) -> str:
    """A link to a seat on the event's stage."""
    token = sign_invitation(
        Invitation(
            event_id=event.event_id,
            role=role,
            name=name,
            expires_s=event.start_ms // 1000 + event.duration_min * 60 + valid_days * _DAY_S,
        ),
        key,
    )
    return f"{stage_url}/s/{event.event_id}#{token}"


def links(event: Event, key: bytes, public_url: str, stage_url: str, valid_days: int) -> Links:
    """The three links of an event."""
    return Links(
        listener_link=f"{public_url}/e/{event.event_id}",
        speaker_link=invite(event, Role.SPEAKER, "", key, stage_url, valid_days),
        host_link=invite(event, Role.HOST, "", key, stage_url, valid_days),
    )
