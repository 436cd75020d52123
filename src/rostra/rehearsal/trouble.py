"""Why a rehearsal cannot go on, as a person is told."""

from __future__ import annotations


class RehearsalTrouble(Exception):
    """`code` is stable, `message` says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
