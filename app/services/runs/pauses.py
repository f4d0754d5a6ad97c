"""How long something is left alone before it is asked for again; what errors of VK call for stands beside its codes."""

from datetime import timedelta

REFUSED = timedelta(hours=6)
"""A product or an album that VK refused, unless it changes."""
FULL_ALBUM = timedelta(days=1)
WITHHELD_AT_FIRST, WITHHELD_FURTHER = timedelta(hours=1), timedelta(days=1)
"""A product that may be an item that could not be read: a single bad answer may pass soon."""
LONGEST = timedelta(days=1)
CLOCK_TOLERANCE = timedelta(hours=1)
LONGEST_AHEAD = LONGEST + CLOCK_TOLERANCE
"""Moments further ahead than they can have been set are from a clock that was wrong."""
