"""octodns in a process and a virtual environment of its own, made once and kept among the caches of this user."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.speed.clocks import Took
from bench.speed.figures import tell

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
    running = Octodns(_python())
    try:
        yield running
    finally:
        running.stop()


def _python() -> Path:
    """Of the environment; installs it the first time."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = caches / "evosync-bench" / f"octodns-{VERSION}"
    python, done = place / "bin" / "python", place / "installed"
    if not done.exists():
        tell(f"installing octodns {VERSION} into {place} (the first time only)")
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
        subprocess.run([*pip, f"octodns=={VERSION}"], check=True, stderr=subprocess.DEVNULL)
        done.touch()
    return python
