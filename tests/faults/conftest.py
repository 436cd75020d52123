"""Faults happen to a whole house: the fixtures are those of the live tests."""

from tests.live.conftest import folder, people, playwright, running

__all__ = ["folder", "people", "playwright", "running"]
