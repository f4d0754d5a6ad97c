"""The product and the bare page under gunicorn, both as bin/serve starts it."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests

from tests.support.product import PATIENCE_SECONDS, start_server

BARE = "bench.speed.bare:make_app()"


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
        found = [re.search(r"VmRSS:\s+(\d+)", text) for text in self._of_workers("status")]
        return max(int(size[1]) / 1024 for size in found if size)

    def cpu_seconds(self) -> float:
        """Of all workers, since they began."""
        fields = [text.rpartition(")")[2].split() for text in self._of_workers("stat")]
        return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")

    def _of_workers(self, name: str) -> list[str]:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return [Path(f"/proc/{child}/{name}").read_text() for child in children]


@contextmanager
def serving(environment: Mapping[str, str], log: Path, *arguments: str) -> Iterator[Server]:
    server = Server(environment, log, *arguments)
    try:
        yield server
    finally:
        server.stop()
