"""The audience's pages: Vite's shells filled in once for each change."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape

import msgspec

from rostra.delivery.state import EventState
from rostra.ground.facts import Phase
from rostra.ground.wall_time import rfc3339

_SHELL = (
    '<!doctype html><html lang="__LANG__"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><!--rostra:head--></head>'
    "<body><!--rostra:state--><!--rostra:noscript--></body></html>"
)
_INDEX = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Rostra</title>'
    "</head><body><h1>Rostra</h1><ul><!--rostra:events--></ul></body></html>"
)
_LISTED = (Phase.LIVE, Phase.DOORS_OPEN, Phase.SCHEDULED)
_LISTED_MOST = 100
_LATE_LISTED_MS = 6 * 3_600_000  # an event that never began leaves the list after this
_WORDS = {
    "en": {"start": "Starts", "listen": "Listen", "calendar": "Add to calendar"},
    "fr": {"start": "Début", "listen": "Écouter", "calendar": "Ajouter à l’agenda"},
}
# One pass over the shell: a title that looks like a marker is never filled in itself.
_MARKERS = re.compile(r"<!--rostra:(head|state|noscript|events)-->|__LANG__")


def _fill(shell: str, parts: dict[str, str]) -> bytes:
    return _MARKERS.sub(lambda match: parts.get(match[1] or "language", match[0]), shell).encode()


def _human_utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _time(at_ms: int) -> str:
    return f'<time datetime="{rfc3339(at_ms)}">{_human_utc(at_ms)}</time>'


def state_block(state: EventState, wall_ms: int) -> str:
    """The state as a JSON data block; `<` is escaped so that no text can end it."""
    raw = msgspec.json.encode(state.as_dict(wall_ms)).decode().replace("<", "\\u003c")
    return f'<script type="application/json" id="rostra-state">{raw}</script>'


def render_event(
    shell: str | None, state: EventState, public_url: str, wall_ms: int, decoy: str = ""
) -> bytes:
    """The event page. `shell`: Vite's event.html, or None for a bare one. `decoy`: a link."""
    event, page = state.event, state.page
    title, summary = escape(event.title), escape(" ".join(event.description.split())[:300])
    address = escape(public_url + page)
    calendar = f"{page}/calendar.ics"
    words = _WORDS.get(event.language.split("-")[0].lower(), _WORDS["en"])
    head = (
        f"<title>{title}</title>"
        f'<meta name="description" content="{summary}">'
        f'<link rel="canonical" href="{address}">'
        f'<link rel="alternate" type="text/calendar" title="{words["calendar"]}" href="{calendar}">'
        f'<meta property="og:type" content="website"><meta property="og:title" content="{title}">'
        f'<meta property="og:description" content="{summary}">'
        f'<meta property="og:url" content="{address}">'
        f'<meta property="og:site_name" content="Rostra">'
    )
    people = escape(", ".join(event.people))
    listen = ""
    offered = state.known.offered
    if offered is not None and (state.replay_ready or state.admission == "open"):
        chosen = offered.replay if state.replay_ready else offered.live
        # Without scripts a plain player needs the least demanding playlist: the highest rung.
        best = max(chosen, key=lambda info: (info.rendition == "aac", info.rung), default=None)
        if best is not None:
            listen = f'<li><a href="{page}/{escape(best.path)}">{words["listen"]}</a></li>'
    noscript = (
        f"<noscript><h1>{title}</h1><p>{words['start']}: {_time(event.start_ms)}</p>"
        + (f"<p>{people}</p>" if people else "")
        + (f"<p>{summary}</p>" if summary else "")
        + f'<ul>{listen}<li><a href="{calendar}">{words["calendar"]}</a></li></ul></noscript>'
    )
    parts = {
        "language": escape(event.language),
        "head": head,
        "state": state_block(state, wall_ms),
        "noscript": noscript + decoy,
    }
    return _fill(shell if shell is not None else _SHELL, parts)


def render_index(shell: str | None, states: list[EventState], wall_ms: int) -> bytes:
    """The list of what is live and what comes, live first. `shell`: Vite's index.html, or None."""
    listed = [
        state
        for state in states
        if state.event.phase in _LISTED
        and (state.event.phase is Phase.LIVE or state.event.start_ms > wall_ms - _LATE_LISTED_MS)
    ]
    listed.sort(key=lambda s: (s.event.phase is not Phase.LIVE, s.event.start_ms, s.event.event_id))
    rows = "".join(
        f'<li class="{state.event.phase.value}"><a href="{state.page}">'
        f"{escape(state.event.title)}</a> {_time(state.event.start_ms)}</li>"
        for state in listed[:_LISTED_MOST]
    )
    return _fill(shell if shell is not None else _INDEX, {"events": rows, "language": "en"})
