"""The session id that a player sends along (CMCD, CTA-5004), as a query or a header."""

from __future__ import annotations

import re
from urllib.parse import unquote

_SID = re.compile(r'(?:^|,)\s*sid="([^"\\]{1,64})"')


def read_sid(cmcd: str) -> str:
    """`sid` in a list of CMCD keys (CTA-5004: a string of at most 64 characters), or empty."""
    match = _SID.search(cmcd)
    return match[1] if match else ""


def sid_in_query(query: str) -> str:
    """The session id in a CMCD query parameter (CTA-5004, 3.1), or empty."""
    if "CMCD=" not in query:
        return ""
    for pair in query.split("&"):
        if pair.startswith("CMCD="):
            return read_sid(unquote(pair[5:]))
    return ""
