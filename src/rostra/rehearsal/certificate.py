"""Capacity certificates: sealed and read, what they allow, and why they do not hold any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from rostra.ground.refusals import Refusal
from rostra.ground.sealed import read_sealed
from rostra.ground.sealed import seal as seal_document
from rostra.rehearsal.findings import Certificate, Findings, RungFound

KIND = "certificate"
VERSION = 1
MEDIA_RUNGS = 4
# A rung asks at most so many times as often as the next cheaper one (admission/ladder.py): what an
# unmeasured rung may carry when only a cheaper one was measured.
DEARER = 4
FILL_S = 600.0
_NAMED_MOST = 6


def seal(certificate: Certificate, key: bytes) -> bytes:
    """The document, signed with the house's private `key` (32 bytes).

    ValueError where a number has no canonical form (not finite, beyond 2**53).
    """
    says: dict[str, Any] = msgspec.to_builtins(certificate)
    return seal_document(KIND, _listed(says), key)


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _listed(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_listed(part) for part in value]
    return value


def read(raw: bytes) -> tuple[Certificate, str] | Refusal:
    """What the document says and the public key (hex) that says it, if its signature holds.

    Whether that is the right key, the caller knows. Codes: those of ground/sealed.py,
    `certificate_version`, `certificate_unreadable`.
    """
    sealed = read_sealed(KIND, raw)
    if isinstance(sealed, Refusal):
        return sealed
    version = sealed.says.get("v")
    if version != VERSION:
        return Refusal(
            "certificate_version",
            422,
            f"The certificate is of version {str(version)[:20]}; this Rostra reads {VERSION}.",
        )
    try:
        return msgspec.convert(sealed.says, Certificate), sealed.key
    except msgspec.ValidationError as error:
        return Refusal("certificate_unreadable", 422, f"This is no certificate: {error}.")


def allowed(certificate: Certificate) -> tuple[tuple[int, int, int, int], float] | None:
    """Listeners for each of the rungs 0 to 3, and joins a second; None if it allows nothing.

    A rung without a knee of its own carries at least what a dearer one does. A rung that was not
    measured carries what the next dearer one does, or a quarter of the next cheaper one.
    """
    findings = certificate.findings
    if findings.void:
        return None
    found: dict[int, RungFound] = {
        row.rung: row for row in findings.rungs if _says_something(row, findings)
    }
    most: list[int | None] = []
    for rung in range(MEDIA_RUNGS):
        row, dearer = found.get(rung), most[-1] if most else None
        own = max(0, row.allowed) if row else None
        if row is None or (row.knee is None and dearer is not None):
            own = max(own or 0, dearer) if dearer is not None else None
        most.append(own)
    cheaper: int | None = None
    for rung in reversed(range(MEDIA_RUNGS)):
        if most[rung] is None and cheaper is not None:
            most[rung] = cheaper // DEARER
        cheaper = most[rung]
    zero, one, two, three = (own or 0 for own in most)
    if not any((zero, one, two, three)):
        return None
    return (zero, one, two, three), joins(findings, min(filter(None, (zero, one, two, three))))


def _says_something(row: RungFound, findings: Findings) -> bool:
    """Whether the rung was tried with steps that count (a first step not carried counts too)."""
    if row.basis != "nothing":
        return True
    return any(step.rung == row.rung and not step.void for step in findings.steps)


def joins(findings: Findings, listeners: int) -> float:
    """Joins a second that are sure: the lower end of what was found.

    Where none were found: as many as fill a house of `listeners` in ten minutes.
    """
    return max(1.0, findings.joins_s.low if findings.joins_s else listeners / FILL_S)


def lapsed(
    certificate: Certificate,
    build: str,
    settings: str,
    machine: str,
    *,
    settings_said: Mapping[str, Any] | None = None,
    machine_said: Mapping[str, Any] | None = None,
) -> list[str]:
    """Why the certificate does not hold for this house, in words; empty if it does.

    The hashes decide; what is `said` only names what changed.
    """
    house, why = certificate.house, []
    if build != house.build:
        why.append(f"the program is another one than was rehearsed (version {house.version})")
    if settings != house.settings:
        why.append("settings changed" + _changes(house.settings_said, settings_said))
    if machine != house.machine:
        why.append("this is another machine" + _changes(house.machine_said, machine_said))
    return why


def _changes(then: Mapping[str, Any], now: Mapping[str, Any] | None) -> str:
    if now is None:
        return ""
    changed = [
        f"{name}: {_short(then, name)}, now {_short(now, name)}"
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]
    if len(changed) > _NAMED_MOST:
        changed[_NAMED_MOST:] = [f"and {len(changed) - _NAMED_MOST} more"]
    return f" ({'; '.join(changed)})" if changed else ""


def _short(said: Mapping[str, Any], name: str) -> str:
    return str(said[name])[:60] if name in said else "not there"
