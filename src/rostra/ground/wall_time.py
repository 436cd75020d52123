"""Wall time as text: RFC 3339 in UTC, as every JSON answer and playlist of Rostra writes it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def rfc3339(at_ms: int, *, always_ms: bool = False) -> str: ...
@overload
def rfc3339(at_ms: None, *, always_ms: bool = False) -> None: ...
@overload
def rfc3339(at_ms: int | None, *, always_ms: bool = False) -> str | None: ...
def rfc3339(at_ms: int | None, *, always_ms: bool = False) -> str | None:
    """Unix milliseconds in UTC with `Z` (RFC 3339 5.6); None stays None.

    Milliseconds are written where there are some, or always (as playlists' dates are).
    """
    if at_ms is None:
        return None
    # Whole numbers only: with a float of seconds a far year would lose its milliseconds.
    seconds, milliseconds = divmod(at_ms, 1000)
    at = datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")
    return f"{at}.{milliseconds:03}Z" if milliseconds or always_ms else f"{at}Z"
