"""How long work goes on that is done in steps, judged by the pace of its last ones."""

from collections.abc import Sequence
from dataclasses import dataclass

ENOUGH_STEPS = 2
ENOUGH_REQUESTS = 10.0
ENOUGH_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Step:
    """Done at this moment, in seconds of any clock; the first of a row is where the others began."""

    at: float
    requests: float = 0.0


def seconds_left(steps: Sequence[Step], left: float, now: float) -> float | None:
    """Seconds for the requests that are `left`, with those of the step under way; None while that says too little.

    Requests, because a change may be the 25th part of one or take several. Between two steps time alone goes on: it
    counts as work on the one under way, for which it may not take more than that one needs; and where it takes
    longer than the others did, the pace is slower than it was.
    """
    done = sum(step.requests for step in steps[1:])
    seconds = steps[-1].at - steps[0].at if steps else 0.0
    if left <= 0 or done <= 0 or seconds <= 0 or len(steps) <= ENOUGH_STEPS:
        return None
    if done < ENOUGH_REQUESTS and seconds < ENOUGH_SECONDS:
        return None
    since = max(now - steps[-1].at, 0.0)
    under_way = min(left, max(step.requests for step in steps[1:]))
    pace = max(seconds / done, (seconds + since) / (done + under_way))
    return max(pace * left - since, pace * (left - under_way), pace * min(left, 1.0))
