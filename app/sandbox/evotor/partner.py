"""Whoever makes the application, as Evotor's portal knows them."""

from dataclasses import dataclass


@dataclass
class Partner:
    url: str = ""
    secret: str = ""
    """What Evotor shows to that server."""
    hints: bool = False
    """Whether it is told of changed goods."""
