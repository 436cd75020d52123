"""What a virtual listener asks for."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Intent(StrEnum):
    """What a request is for."""

    PAGE = "page"
    ASSET = "asset"
    STATE = "state"
    TICKET = "ticket"
    PASS = "pass"  # noqa: S105
    RENEW = "renew"
    LEAVE = "leave"
    PLAYLIST = "playlist"
    PART = "part"
    SEGMENT = "segment"
    INIT = "init"


class Ask(msgspec.Struct, frozen=True, gc=False):
    """A request to send. `bearer`, `nonce`, `proof`: "" or the values of `Authorization: Bearer`,
    of `Rostra-Nonce` and of `Rostra-Challenge`. `held`: a blocking reload. `rehearsal`: with the
    `Rostra-Rehearsal` token."""

    method: str
    path: str
    bearer: str
    nonce: str
    intent: Intent
    held: bool = False
    rehearsal: bool = False
    proof: str = ""
