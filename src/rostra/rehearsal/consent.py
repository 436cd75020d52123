"""Consent: the house's signed word that these generators may rehearse on it, until then."""

from __future__ import annotations

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from rostra.ground.refusals import Refusal
from rostra.ground.sealed import read_sealed, seal

KIND = "rehearsal consent"
LEEWAY_S = 5  # of two machines' clocks
HexKey = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Consent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may, where, how much and until when (Unix seconds).

    `generators`: public keys (Ed25519, hex) made for this run. `origins`: addresses that may be
    asked (`http://host:port`). `listeners`, `requests_s`: at most, all generators together.
    `faults`: whether processes of the house may be ended. `attacks`: whether attack profiles may be
    played, on those of the origins that are this machine only, with at most `attack_requests_s`
    requests (or new connections) a second, `attack_connections` open at once and `attack_sources`
    addresses to come from, all attackers together; `attack_stage`: the stage's origin, likewise.
    """

    v: int = 1
    run: str
    event_id: str
    generators: tuple[HexKey, ...]
    origins: tuple[str, ...]
    listeners: int
    requests_s: int
    not_before_s: int
    until_s: int
    faults: bool = False
    attacks: bool = False
    attack_requests_s: int = 0
    attack_connections: int = 0
    attack_sources: int = 0
    attack_stage: str = ""


def is_here(origin: str) -> bool:
    """Whether an origin (`http://host:port`) names the machine that asks it, by its text alone."""
    try:
        host = urlsplit(origin).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(code: str, message: str) -> Refusal:
    return Refusal(f"consent_{code}", 403, message)


def seal_consent(consent: Consent, key: bytes) -> bytes:
    """The consent, signed with the house's private key (32 bytes)."""
    return seal(KIND, msgspec.to_builtins(consent), key)


def read_consent(raw: bytes) -> tuple[Consent, str] | Refusal:
    """A consent whose signature holds, and the public key (hex) that gave it."""
    read = read_sealed(KIND, raw)
    if isinstance(read, Refusal):
        return read
    try:
        consent = msgspec.convert(read.says, Consent)
    except msgspec.ValidationError as error:
        return _refused("unreadable", f"This consent cannot be understood: {error}.")
    if consent.v != 1:
        return _refused("unreadable", f"This consent is of another version ({consent.v}).")
    return consent, read.key


def refusal_for(
    consent: Consent, run: str, generator: str, origin: str, now_s: float
) -> Refusal | None:
    """Why this generator may not rehearse there now; None if it may."""
    if consent.run != run:
        return _refused("other_run", "The consent there is for another run.")
    if generator not in consent.generators:
        return _refused("other_generator", "The consent there names other generators.")
    if origin not in consent.origins:
        return _refused(
            "other_origin", f"The consent is for {', '.join(consent.origins)}, not for {origin}."
        )
    if now_s < consent.not_before_s - LEEWAY_S:
        return _refused("early", "The consent does not hold yet; compare the clocks.")
    if now_s >= consent.until_s:
        return _refused("expired", "The time that was consented to is over.")
    return None


def refusal_for_attack(consent: Consent, origin: str) -> Refusal | None:
    """Why a generator that may rehearse at `origin` may not attack it; None if it may."""
    bounds = (consent.attack_requests_s, consent.attack_connections, consent.attack_sources)
    if not consent.attacks or min(bounds) < 1:
        return _refused(
            "no_attacks", "The consent there is for listeners only: rostra rehearse --attack."
        )
    if not is_here(origin):
        return _refused("elsewhere", f"{origin} is another machine; attacks stay on this one.")
    return None
