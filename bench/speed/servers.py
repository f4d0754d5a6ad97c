"""The product and the bare page under gunicorn, both as bin/serve starts it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests

from tests.support.product import PATIENCE_SECONDS, start_server

BARE = "bench.speed.bare:make_app()"
NANOSECONDS = 1_000_000_000


class Server:
    def __init__(self, environment: Mapping[str, str], log: Path, *arguments: str) -> None:
        self._process, url = start_server(environment, log, *arguments)
        self.port = urlsplit(url).port or 0
        requests.get(url, timeout=PATIENCE_SECONDS).raise_for_status()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=PATIENCE_SECONDS)

    def memory_mb(self) -> float:
        """Of the largest worker, now."""
        found = [re.search(r"VmRSS:\s+(\d+)", (worker / "status").read_text()) for worker in self._workers()]
        return max(int(size[1]) / 1024 for size in found if size)

    def cpu_seconds(self) -> float:
        """Of all workers' threads, since they began."""
        tasks = [task for worker in self._workers() for task in worker.glob("task/*/schedstat")]
        return sum(int(task.read_text().split()[0]) for task in tasks) / NANOSECONDS

    def _workers(self) -> list[Path]:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return [Path(f"/proc/{child}") for child in children]


@contextmanager
def serving(environment: Mapping[str, str], log: Path, *arguments: str) -> Iterator[Server]:
    server = Server(environment, log, *arguments)
    try:
        yield server
    finally:
        server.stop()
