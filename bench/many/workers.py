"""Worker processes as an operator starts them, and what they cost."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE_SECONDS = 60


def start_worker(environment: Mapping[str, str], options: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    """In a group of its own; `log` gets what it says."""
    more = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(ROOT / "bin" / "worker"), *options],
            env={**more, "FLASK_SKIP_DOTENV": "1", **environment},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


class Workers:
    """So many of them; with a broker, one keeps time as well."""

    def __init__(self, environment: Mapping[str, str], number: int, threads: int, log: Path) -> None:
        self._processes = [
            start_worker(environment, _options(environment, threads, is_first=place == 0), log)
            for place in range(number)
        ]

    def cpu_seconds(self) -> float:
        """Of all of them and of what they started, since they began."""
        return sum(_cpu_of(process.pid) for process in self._processes)

    def stop(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _options(environment: Mapping[str, str], threads: int, *, is_first: bool) -> list[str]:
    if not environment.get("CELERY_BROKER_URL"):
        return ["--every", "1"]
    return ["--threads", str(threads), *(["--beat"] if is_first else [])]


def _cpu_of(pid: int) -> float:
    """Those that ended already are counted by whoever waited for them."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS + sum(_cpu_of(int(child)) for child in children)


@contextmanager
def working(environment: Mapping[str, str], number: int, threads: int, log: Path) -> Iterator[Workers]:
    workers = Workers(environment, number, threads, log)
    try:
        yield workers
    finally:
        workers.stop()
