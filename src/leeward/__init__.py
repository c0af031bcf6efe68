"""Leeward: software for the trust and safety team of a social platform."""

__version__ = "0.1.0"
