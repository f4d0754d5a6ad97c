"""Two clocks at once: the one on the wall, and the processor's, which neighbours disturb less."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from bench.speed.figures import median


@dataclass(frozen=True)
class Took:
    seconds: float
    cpu: float = 0.0

    def __sub__(self, other: "Took") -> "Took":
        return Took(self.seconds - other.seconds, self.cpu - other.cpu)


def now() -> Took:
    return Took(time.perf_counter(), time.process_time())


def took(deed: Callable[[], object]) -> Took:
    begun = now()
    deed()
    return now() - begun


def middle(samples: Sequence[Took]) -> Took:
    """The median by each clock."""
    return Took(median([one.seconds for one in samples]), median([one.cpu for one in samples]))


def timed(function: Callable[..., Any], samples: list[Took]) -> Callable[..., Any]:
    """The same function; what each call of it takes is noted."""

    @wraps(function)
    def timing(*args: Any, **more: Any) -> Any:
        begun = now()
        try:
            return function(*args, **more)
        finally:
            samples.append(now() - begun)

    return timing
