"""Refusals: values with a stable code, the same in the answer, the metrics and the ledger."""

from __future__ import annotations

import msgspec


class Refusal(msgspec.Struct, frozen=True):
    """Why something was not done.

    `code` is stable and machine-readable, `status` the HTTP status, `message` says to a person what
    is wrong and what to do.
    """

    code: str
    status: int
    message: str

    def body(self) -> bytes:
        """The JSON that every port of Rostra answers with."""
        return msgspec.json.encode({"error": {"code": self.code, "message": self.message}})


class Refused(Exception):
    """Raised where a refusal ends a call; carries the value."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
