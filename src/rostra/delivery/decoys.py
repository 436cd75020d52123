"""Decoys: addresses that stand in the pages for machines alone, and are others each day.

The link is hidden from sight, keyboard and screen readers, and robots.txt asks machines to leave
it, so that honest crawlers do. Whoever follows it all the same reads pages like a bot does.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from html import escape

from rostra.delivery.manner import Headers, header_text

_ROUTE = re.compile(r"/([a-z2-7]{12})/[a-z2-7]{12}", re.ASCII)
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_WORDS = {"en": "There is nothing here", "fr": "Il n’y a rien ici"}
_ROBOTS = "User-agent: *\nAllow: /\n{}"


class Decoys:
    """`key`: the run's secret, the same for all edges. Days are UTC's."""

    def __init__(self, key: bytes) -> None:
        self._key = blake2b(b"decoy", key=key[:64], digest_size=32).digest()
        self._day = -1
        self._folders: tuple[str, ...] = ()

    def path(self, event_id: str, wall_ms: int) -> str:
        """Today's, for one event."""
        day = _day(wall_ms)
        return f"/{self._word(day, '')}/{self._word(day, event_id)}"

    def link(self, event_id: str, language: str, wall_ms: int) -> str:
        """The link for the event's page, in HTML. The words are for browsers that show all text."""
        words = _WORDS.get(language.split("-")[0].lower(), _WORDS["en"])
        return (
            f'<a href="{escape(self.path(event_id, wall_ms))}" rel="nofollow" tabindex="-1" '
            f'aria-hidden="true" hidden>{words}</a>'
        )

    def holds(self, path: str, wall_ms: int) -> bool:
        """Whether this is a decoy, of today or (a page may be old) of yesterday."""
        route = _ROUTE.fullmatch(path)
        return route is not None and route[1] in self._of(wall_ms)[:2]

    def robots(self, wall_ms: int) -> bytes:
        """robots.txt (RFC 9309). Crawlers keep it for a day: tomorrow's folder stands in it too."""
        return _ROBOTS.format(
            "".join(f"Disallow: /{folder}/\n" for folder in self._of(wall_ms))
        ).encode()

    def _of(self, wall_ms: int) -> tuple[str, ...]:
        day = _day(wall_ms)
        if day != self._day:
            self._day = day
            self._folders = tuple(self._word(day + step, "") for step in (0, -1, 1))
        return self._folders

    def _word(self, day: int, event_id: str) -> str:
        digest = blake2b(f"{day} {event_id}".encode(), key=self._key, digest_size=12).digest()
        return "".join(_LETTERS[byte & 31] for byte in digest)


def led_here(headers: Headers) -> bool:
    """Whether the client itself chose to come: not a browser that another site's page sent here,
    nor one that fetches what might be wanted next (Fetch metadata; Sec-Purpose)."""
    if "prefetch" in header_text(headers, b"sec-purpose"):
        return False
    return header_text(headers, b"sec-fetch-site") not in {"cross-site", "same-site"}


def _day(wall_ms: int) -> int:
    return wall_ms // 86_400_000
