"""Rostra: a live audio conversation in front of any crowd."""

__version__ = "0.1.0"
