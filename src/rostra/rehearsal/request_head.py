"""The head of a virtual listener's request: as a browser's, and it says what it is."""

from __future__ import annotations

from rostra.rehearsal.asks import Ask

_KEPT_TARGETS = 20_000
_BROWSER = (
    "Connection: keep-alive\r\n"
    'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"\r\n'
    "sec-ch-ua-mobile: ?0\r\n"
    'sec-ch-ua-platform: "Linux"\r\n'
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36 Rostra-Rehearsal\r\n"
    "Accept: */*\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: cors\r\n"
    "Sec-Fetch-Dest: empty\r\n"
    "Accept-Encoding: gzip\r\n"
    "Accept-Language: en-US,en;q=0.9\r\n"
)


def _word(text: str) -> str:
    """The text if it can stand in a head as one word; else nothing: it came from a server."""
    return text if text.isascii() and text.isprintable() and " " not in text else ""


class Heads:
    """Builds requests; what repeats is built once."""

    def __init__(self, authority: str, origin: str, page: str, token: str) -> None:
        fields = f"Host: {authority}\r\n{_BROWSER}Referer: {origin}{_word(page)}\r\n"
        self._plain = f" HTTP/1.1\r\n{fields}"
        self._origin = origin
        self._token = _word(token)
        self._starts: dict[tuple[str, str], bytes] = {}

    def start(self, ask: Ask) -> bytes:
        """Method and target. One that could not be said truly asks for `/`."""
        found = self._starts.get((ask.method, ask.path))
        if found is None:
            if len(self._starts) >= _KEPT_TARGETS:
                self._starts.clear()
            found = f"{ask.method} {_word(ask.path) or '/'}".encode()
            self._starts[(ask.method, ask.path)] = found
        return found

    def rest(self, ask: Ask) -> bytes:
        """What follows; the same for all plain requests with the same credentials."""
        fields = self._plain
        if ask.bearer:
            fields += f"Authorization: Bearer {_word(ask.bearer)}\r\n"
        if ask.nonce:
            fields += f"Rostra-Nonce: {_word(ask.nonce)}\r\n"
        if ask.proof:
            fields += f"Rostra-Challenge: {_word(ask.proof)}\r\n"
        if ask.rehearsal:
            fields += f"Rostra-Rehearsal: {self._token}\r\n"
        if ask.method != "GET":
            fields += f"Origin: {self._origin}\r\nContent-Length: 0\r\n"
        return f"{fields}\r\n".encode()
