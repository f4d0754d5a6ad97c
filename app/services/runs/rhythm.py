"""How long until the next run, where nothing calls for another moment."""

from datetime import timedelta

AS_USUAL = 4
"""So many runs in a row may find nothing to do before the next ones come later."""
FACTOR = 1.5
"""Each by so much later than the one before it."""
LONGEST = timedelta(hours=1)


def usual_wait(interval: timedelta, quiet_runs: int) -> timedelta:
    """`interval`: the operator's; no run comes by itself earlier. `quiet_runs`: that found nothing to do, up to now."""
    wait, longest = interval, max(interval, LONGEST)
    for _ in range(max(quiet_runs - AS_USUAL, 0)):
        if wait >= longest:
            break
        wait *= FACTOR
    return min(wait, longest)
