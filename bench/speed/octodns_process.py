"""octodns in a process and a virtual environment of its own."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.speed.clocks import Took
from bench.speed.own_environment import python_with

VERSION = "1.22.0"
SCRIPT = Path(__file__).with_name("octodns_plan.py")


class Octodns:
    def __init__(self, python: Path) -> None:
        self._process = subprocess.Popen(
            [python, "-I", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def stop(self) -> None:
        self._process.communicate(timeout=60)

    def planned(self, records: int) -> tuple[Took, Took]:
        """What comparing alone took, and a provider's whole plan."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{records}\n")
        self._process.stdin.flush()
        compared, whole, compared_cpu, whole_cpu = map(float, self._process.stdout.readline().split())
        return Took(compared, compared_cpu), Took(whole, whole_cpu)


@contextmanager
def octodns() -> Iterator[Octodns]:
    running = Octodns(python_with("octodns", VERSION))
    try:
        yield running
    finally:
        running.stop()
