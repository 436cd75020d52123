"""Asks a target whether this generator may rehearse on it, before all else and again and again."""

from __future__ import annotations

import asyncio
import hashlib
import time

import msgspec

from rostra.ground.refusals import Refusal
from rostra.rehearsal.answer_head import HEAD_MOST_BYTES, read_chunks, read_head
from rostra.rehearsal.consent import Consent, read_consent, refusal_for
from rostra.rehearsal.orders import Failed
from rostra.rehearsal.sockets_io import Target

PATH = "/.well-known/rostra-rehearsal"
EVERY_S = 2.0
UNREACHABLE_MOST_S = 10.0
UNREACHABLE = "unreachable"
_ANSWER_S = 5.0
_BODY_MOST_BYTES = 256 * 1024


class Held(msgspec.Struct, frozen=True):
    """A consent that holds for this generator. `digest`: SHA-256 of the sealed document."""

    consent: Consent
    digest: str
    key: str


class _Answer(msgspec.Struct):
    consents: tuple[msgspec.Raw, ...]


class ConsentCheck:
    """One target's consent for one run and one generator, over a connection of its own that stays
    open, so that a full house can be asked as well.
    """

    def __init__(self, target: Target, run: str, generator: str) -> None:
        self._target = target
        self._run = run
        self._generator = generator
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._first: Held | None = None

    async def ask(self) -> Held | Failed:
        """Whether it holds now, and is still the same.

        Codes: `unreachable` (may pass), `redirected`, `no_consent`, `withdrawn`, `consent_changed`,
        and those of rehearsal/consent.py.
        """
        try:
            async with asyncio.timeout(_ANSWER_S):
                status, body = await self._fetch()
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            self.close()
            return _failed(UNREACHABLE, f"{self._target.origin} does not answer: {error!r}.")
        if status >= 500 or status == 429:
            return _failed(UNREACHABLE, f"{self._target.origin} answers {status}.")
        found = self._judge(status, body)
        if isinstance(found, Held):
            self._first = self._first or found
        return found

    def close(self) -> None:
        """The connection ends."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    def _judge(self, status: int, body: bytes) -> Held | Failed:
        origin = self._target.origin
        if 300 <= status < 400:
            return _failed(
                "redirected", f"{origin} sends us elsewhere ({status}); give the origin it means."
            )
        gone = "withdrawn" if self._first is not None else "no_consent"
        if status != 200:
            return _failed(gone, f"{origin} consents to no rehearsal ({status} for {PATH}).")
        try:
            offered = msgspec.json.decode(body, type=_Answer).consents
        except msgspec.DecodeError:
            offered = (msgspec.Raw(body),)  # one document, or none at all
        refusal: Refusal | None = None
        for raw in map(bytes, offered):
            read = read_consent(raw)
            if isinstance(read, Refusal):
                refusal = refusal or read
                continue
            consent, key = read
            refused = refusal_for(consent, self._run, self._generator, origin, time.time())
            if refused is None:
                held = Held(consent, hashlib.sha256(raw).hexdigest(), key)
                if self._first is not None and held.digest != self._first.digest:
                    return _failed("consent_changed", f"{origin} now says something else.")
                return held
            if consent.run == self._run:
                return _failed(refused.code, f"{origin}: {refused.message}")
            refusal = refusal or refused
        if refusal is None or self._first is not None:
            return _failed(gone, f"{origin} does not consent to this rehearsal (any more).")
        return _failed(refusal.code, f"{origin}: {refusal.message}")

    async def _fetch(self) -> tuple[int, bytes]:
        """Status and body. An idle connection that has ended is opened anew."""
        if self._streams is not None:
            try:
                return await self._exchange(*self._streams)
            except (OSError, EOFError):
                self.close()
        target = self._target
        self._streams = await asyncio.open_connection(
            *target.address,
            ssl=target.tls,
            server_hostname=target.host if target.tls else None,
            limit=HEAD_MOST_BYTES,
        )
        return await self._exchange(*self._streams)

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[int, bytes]:
        writer.write(
            f"GET {PATH} HTTP/1.1\r\nHost: {self._target.authority}\r\n"
            "User-Agent: Rostra-Rehearsal\r\nAccept: application/json\r\n\r\n".encode()
        )
        try:
            raw = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError as error:
            raise ValueError("a head without an end") from error
        head = read_head(raw)
        if head is None or (head.length or 0) > _BODY_MOST_BYTES:
            raise ValueError("this is no answer of a house")
        if head.length is not None:
            body = await reader.readexactly(head.length)
        else:
            body = await self._chunks(reader)
        if head.closes:
            self.close()
        return head.status, body

    async def _chunks(self, reader: asyncio.StreamReader) -> bytes:
        raw = b""
        while (found := read_chunks(raw)) is None:
            more = await reader.read(_BODY_MOST_BYTES)
            raw += more
            if not more or len(raw) > _BODY_MOST_BYTES:
                raise ValueError("a body without an end")
        return found[0]


async def consent_ended(check: ConsentCheck, held: Held) -> Failed:
    """Asks every two seconds; comes back with the reason once there is no consent any more.

    The wall clock may be set back meanwhile: that prolongs nothing.
    """
    until = time.monotonic() + held.consent.until_s - time.time()
    heard = time.monotonic()
    while True:
        await asyncio.sleep(max(0.0, min(EVERY_S, until - time.monotonic())))
        if time.monotonic() >= until:
            return _failed("deadline", "The time that was consented to is over.")
        asked = time.monotonic()
        answer = await check.ask()
        if isinstance(answer, Held):
            heard = asked
        elif answer.code == "consent_expired":
            return _failed("deadline", answer.message)
        elif answer.code != UNREACHABLE or time.monotonic() - heard > UNREACHABLE_MOST_S:
            return answer


def _failed(code: str, message: str) -> Failed:
    return Failed(code=code, message=message)
