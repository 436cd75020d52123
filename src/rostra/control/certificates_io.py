"""Certificates on disk, each under its number; which of them the house may go by now."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

import msgspec

from rostra.admission.capacity import Capacity
from rostra.ground.refusals import Refusal
from rostra.ground.sealed import DOCUMENT_MOST, public_key
from rostra.rehearsal.certificate import allowed, lapsed, read
from rostra.rehearsal.findings import Certificate, House

log = logging.getLogger(__name__)
NONE_YET = "there is none yet; make one with: rostra rehearse"
_BOUNDLESS = 1_000_000_000


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The newest certificate of this house; what it lets the controller use, or why nothing."""

    newest: Certificate | None = None
    capacity: Capacity | None = None
    why_not: tuple[str, ...] = ()


def folder(data: Path) -> Path:
    """Where certificates stand."""
    return data / "certificates"


def keep(data: Path, number: str, raw: bytes) -> Path:
    """Write a certificate, durably; its file."""
    place = folder(data)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = place / f"{number}.json"
    descriptor, made = tempfile.mkstemp(dir=place, prefix=f".{number}.")
    with os.fdopen(descriptor, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    os.replace(made, path)
    return path


def standing(data: Path, house: House, key: bytes) -> Standing:
    """How it stands with the newest certificate that the house's own private `key` signed.

    A void one says nothing about the house, so an older one that is not void goes before it.
    """
    own_key, own = public_key(key), []
    for path in folder(data).glob("*.json"):
        try:
            raw = path.read_bytes() if path.stat().st_size <= DOCUMENT_MOST else b""
        except OSError as error:
            log.warning("%s cannot be read: %s", path, error)
            continue
        found = read(raw)
        if isinstance(found, Refusal):
            log.warning("%s: %s", path, found.message)
        elif found[1] == own_key:
            own.append(found[0])
    if not own:
        return Standing(why_not=(NONE_YET,))
    return judged(max(own, key=lambda one: (allowed(one) is not None, one.issued)), house)


def judged(certificate: Certificate, house: House) -> Standing:
    """What a certificate of this house's own lets it use as it is now, or why nothing."""
    if certificate.findings.void:
        why = f"its rehearsal was void: {certificate.findings.void}"
        return Standing(newest=certificate, why_not=(why,))
    found = allowed(certificate)
    if found is None:
        why = "its rehearsal found nothing that the house carries"
        return Standing(newest=certificate, why_not=(why,))
    lapses = lapsed(
        certificate,
        house.build,
        house.settings,
        house.machine,
        settings_said=house.settings_said,
        machine_said=house.machine_said,
    )
    if lapses:
        return Standing(newest=certificate, why_not=tuple(lapses))
    # What follows from the cost alone may be more than the edges have files for.
    zero, one, two, three = (min(most, connections(house)) for most in found[0])
    capacity = Capacity((zero, one, two, three), found[1], "certificate")
    return Standing(newest=certificate, capacity=capacity)


def capacity_beside(stands: Standing, defaults: Capacity) -> Capacity:
    """What the door goes by: the certificate, and where it found no limit at least `defaults`.

    A small rehearsal says what was carried, not that more is not; so it takes nothing away. Once a
    knee at or below a default was found, the defaults are disproved and count no more.
    """
    if stands.capacity is None or stands.newest is None:
        return defaults
    findings = stands.newest.findings
    knees = {row.rung: row.knee for row in findings.rungs if row.knee is not None}
    if any(knee <= defaults.listeners[rung] for rung, knee in knees.items()):
        return stands.capacity
    zero, one, two, three = (
        most if rung in knees else max(most, defaults.listeners[rung])
        for rung, most in enumerate(stands.capacity.listeners)
    )
    joins, joins_s = findings.joins_s, stands.capacity.joins_s
    if joins is None or joins.low == joins.high:  # it never became slow
        joins_s = max(joins_s, defaults.joins_s)
    return Capacity((zero, one, two, three), joins_s, "certificate")


def said(stands: Standing) -> str:
    """In words, for whoever opens the house."""
    if stands.capacity is not None and stands.newest is not None:
        each = ", ".join(f"{most:,}" for most in stands.capacity.listeners)
        return f"{each} listeners at the rungs 0 to 3, by certificate {stands.newest.number}"
    why = "; ".join(stands.why_not)
    if stands.newest is None:
        return "careful defaults. What it really carries, this finds: rostra rehearse"
    return f"careful defaults. Certificate {stands.newest.number} does not hold: {why}"


def connections(house: House) -> int:
    """Connections that all edges together may hold."""
    each = house.settings_said.get("edge.max_connections", _BOUNDLESS)
    return int(house.edges * min(each, house.machine_said.get("files", _BOUNDLESS)))
