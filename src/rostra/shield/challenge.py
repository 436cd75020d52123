"""The challenge before a new ticket: ALTCHA's proof of work (v2), signed, and remembered by nobody.

Whoever asks gets parameters and a signature, and looks for the counter whose PBKDF2 key begins with
a prefix. Any edge of the house checks what another gave: the key is derived from the door's. The
mode that ALTCHA calls deterministic is not used: it derives a key for whoever only asks, so that
asking would cost us more than them. Here a key is derived for a claimed solution alone, and each
challenge has one claim. docs/decisions/0010-shield.md has the figures.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from altcha import v2 as altcha
from msgspec import Meta

from rostra.ground.keys import KeyRing, key_id
from rostra.shield.challenge_used import Used

EXPIRES_S = 120
HELD_S = 30  # who took so long to solve it has still arrived when they asked
FRESH_BYTES = 32
PAYLOAD_MOST = 2048  # characters of a solution
_ALGORITHM: Literal["PBKDF2/SHA-256"] = "PBKDF2/SHA-256"
_PLACE_BYTES = 16


class Level(msgspec.Struct, frozen=True):
    """How hard. `cost`: PBKDF2 iterations of one try, and of our check. `prefix`: hexadecimal."""

    cost: int
    prefix: str

    @property
    def tries(self) -> int:
        """How many it takes on average."""
        return 1 << 4 * len(self.prefix)


# By difficulty: light, normal, hard; docs/decisions/0010-shield.md has what each takes.
LEVELS: dict[int, Level] = {
    1: Level(cost=250, prefix="00"),
    2: Level(cost=1000, prefix="00"),
    3: Level(cost=250, prefix="000"),
}

Hex16 = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Hex32 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Count = Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ties a challenge to us. `given`: Unix seconds of the door's clock."""

    event: Annotated[str, Meta(min_length=1, max_length=64)]
    given: Annotated[int, Meta(ge=0, le=1 << 37)]
    kid: Annotated[str, Meta(pattern=r"^[0-9a-f]{8}\Z")]


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """ALTCHA's challenge parameters (v2), those that we use."""

    algorithm: Literal["PBKDF2/SHA-256"]
    cost: Count
    data: Data
    key_length: Literal[32]
    key_prefix: Annotated[str, Meta(pattern=r"^[0-9a-f]{1,8}\Z")]
    nonce: Hex16
    salt: Hex16


class Challenge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in an answer as JSON. `signature`: HMAC-SHA256 of the canonical parameters."""

    parameters: Parameters
    signature: Hex32


class _Solution(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    counter: Count
    derived_key: Hex32
    time: float | None = None  # what the browser says it took; nobody believes it


class _Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    challenge: Challenge
    solution: _Solution


_payloads = msgspec.json.Decoder(_Payload)


class Why(StrEnum):
    """Why a solution was not taken. `EVENT`: it is another event's."""

    EXPIRED = "expired"
    SIGNATURE = "signature"
    EVENT = "event"
    USED = "used"
    SOLUTION = "solution"


class Solved(msgspec.Struct, frozen=True):
    """`arrived_s`: when its bearer asked first. `place`: 16 bytes for the one ticket id that this
    solution gives, at whatever edge; nobody without the key knows them beforehand."""

    arrived_s: int
    place: bytes


class Failed(msgspec.Struct, frozen=True):
    """`kid`: the key that signed it, where the ring does not hold it; it may be newer than ours."""

    why: Why
    kid: str = ""


@lru_cache(maxsize=64)
def derived(key: bytes, purpose: str) -> bytes:
    """A key for one purpose (HKDF-Expand of one block, RFC 5869 2.3)."""
    return hmac.digest(key, b"rostra " + purpose.encode() + b"\x01", "sha256")


def place_of(key: bytes, nonce: bytes) -> bytes:
    """The ticket id that goes with a nonce: the same at each edge, and nobody's choice."""
    return hmac.digest(derived(key, "place"), nonce, "sha256")[:_PLACE_BYTES]


def make(event_id: str, difficulty: int, ring: KeyRing, now_s: int, fresh: bytes) -> Challenge:
    """A challenge for one new ticket of this event. `difficulty`: of LEVELS, cut to what there is.

    Negative in a rehearsal, where one machine computes for thousands: then a sixteenth of the tries
    or less, and as dear to check. `fresh`: FRESH_BYTES from the operating system's generator.
    """
    level = LEVELS[min(max(abs(difficulty), 1), max(LEVELS))]
    if difficulty < 0:
        level = Level(cost=level.cost, prefix=level.prefix[:1])
    parameters = Parameters(
        algorithm=_ALGORITHM,
        cost=level.cost,
        data=Data(event=event_id, given=now_s, kid=key_id(ring.newest)),
        key_length=32,
        key_prefix=level.prefix,
        nonce=fresh[:16].hex(),
        salt=fresh[16:FRESH_BYTES].hex(),
    )
    return Challenge(parameters, _signature(parameters, ring.newest))


def _signature(parameters: Parameters, key: bytes) -> str:
    """As ALTCHA signs: the JSON with sorted keys and no spaces."""
    canonical = msgspec.json.encode(parameters, order="sorted")
    return hmac.digest(derived(key, "challenge"), canonical, "sha256").hex()


def _read(payload: str) -> _Payload | None:
    if len(payload) > PAYLOAD_MOST:
        return None
    try:
        return _payloads.decode(base64.b64decode(payload.encode("ascii"), validate=True))
    except (binascii.Error, msgspec.DecodeError, UnicodeError):
        return None


def check(payload: str, event_id: str, ring: KeyRing, now_s: float, used: Used) -> Solved | Failed:
    """Whether `payload` (ALTCHA's: JSON in base64) is a solution for this event that nobody used.

    Never raises. What costs a key derivation is noted in `used`, solved or not, so that it costs
    one once.
    """
    read = _read(payload)
    if read is None:
        return Failed(Why.SIGNATURE)
    parameters, data = read.challenge.parameters, read.challenge.parameters.data
    key = ring.find(data.kid)
    if key is None:
        return Failed(Why.SIGNATURE, data.kid)
    if not now_s - EXPIRES_S < data.given <= now_s + HELD_S:  # another edge's clock may be ahead
        return Failed(Why.EXPIRED)
    if data.event != event_id:
        return Failed(Why.EVENT)
    nonce = bytes.fromhex(parameters.nonce)
    if used.holds(nonce, now_s):
        return Failed(Why.USED)
    # ALTCHA's library looks at the signature too, but takes six times as long to find it wrong.
    if not hmac.compare_digest(_signature(parameters, key), read.challenge.signature):
        return Failed(Why.SIGNATURE)
    used.add(nonce, data.given + EXPIRES_S + HELD_S, now_s)
    if not altcha.verify_solution(_altcha_payload(read), derived(key, "challenge")).verified:
        return Failed(Why.SOLUTION)
    arrived_s = max(data.given, int(now_s) - HELD_S)
    return Solved(min(arrived_s, int(now_s)), place_of(key, nonce))


def _altcha_payload(read: _Payload) -> altcha.Payload:
    solution = altcha.Solution(read.solution.counter, read.solution.derived_key)
    return altcha.Payload(_altcha_challenge(read.challenge), solution)


def _altcha_challenge(challenge: Challenge) -> altcha.Challenge:
    return altcha.Challenge.from_dict(msgspec.to_builtins(challenge))


def solve(challenge: Challenge, first: int = 0, tries: int = 1 << 32) -> str | None:
    """The payload that solves it, looking at counters from `first` on; None after `tries`.

    For virtual listeners and tests. It holds the thread for `tries` derivations, about a quarter
    of a millisecond each at normal difficulty.
    """
    given = _altcha_challenge(challenge)
    parameters = given.parameters
    nonce, salt = bytes.fromhex(parameters.nonce), bytes.fromhex(parameters.salt)
    for counter in range(first, min(first + tries, 1 << 32)):
        password = nonce + counter.to_bytes(4, "big")
        found = altcha.derive_key_pbkdf2(parameters, salt, password).hex()
        if found.startswith(parameters.key_prefix):
            return altcha.Payload(given, altcha.Solution(counter, found)).to_base64()
    return None
