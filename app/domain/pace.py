"""How long work goes on, judged by its own pace so far."""

ENOUGH_DONE = 10
ENOUGH_SECONDS = 10.0


def seconds_left(done: int, left: int, elapsed: float) -> float | None:
    """Seconds for what is `left`, after `done` took `elapsed` seconds; None while that says too little."""
    if done <= 0 or left <= 0 or elapsed <= 0:
        return None
    if done < ENOUGH_DONE and elapsed < ENOUGH_SECONDS:
        return None
    return elapsed / done * left
