"""Whether anybody is there at the other end, as far as calls have found."""

_AWAY = frozenset({502, 503, 504})
"""Said by whatever stands in front of a vendor, for a vendor that does not answer."""


class Line:
    """To one vendor; several clients and threads may share it."""

    def __init__(self) -> None:
        self.has_answered = False
        """At least once, be it by an error."""
        self.is_silent = False
        """The last call got no answer."""

    def note_answer(self, status: int) -> None:
        self.is_silent = status in _AWAY
        self.has_answered = self.has_answered or not self.is_silent

    def note_silence(self) -> None:
        self.is_silent = True
