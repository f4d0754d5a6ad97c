"""The long fuzz at gunicorn, over the line; a short one within the process is among the tests."""

import argparse
import os
import re
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import requests
from cryptography.fernet import Fernet
from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.db import db
from bench.speed.figures import going
from config import load_settings
from tests.factories import PASSWORD
from tests.support.database import drop_postgres, make_postgres
from tests.support.knocks import OWNER, Answer, Knock, Visitor, furnish, random_knocks
from tests.support.product import start_server
from tests.support.sandbox import Sandbox

PATIENCE_SECONDS = 60
MOST_MEMORY_MB, SLOWEST_HEALTH_SECONDS = 600, 3.0
HEALTH_EVERY_SECONDS = 0.5
SHOWN = 20


@dataclass
class Report:
    statuses: Counter[int] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    unanswered: int = 0
    """Requests that the server ended without a word, as gunicorn does with what is no HTTP."""
    tracebacks: int = 0
    memory_mb: float = 0
    """Of the largest worker, ever."""
    health_seconds: float = 0
    seconds: float = 0

    @property
    def is_clean(self) -> bool:
        calm = self.memory_mb <= MOST_MEMORY_MB and self.health_seconds <= SLOWEST_HEALTH_SECONDS
        return not self.complaints and not self.tracebacks and calm


class Server:
    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._process, self.url = start_server(environment, log)
        self.log, self.port = log, urlsplit(self.url).port
        requests.get(f"{self.url}/login", timeout=PATIENCE_SECONDS).raise_for_status()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=PATIENCE_SECONDS)

    def memory_mb(self) -> float:
        """The most that a worker has held."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        peaks = [Path(f"/proc/{child}/status") for child in children]
        found = [re.search(r"VmHWM:\s+(\d+)", path.read_text()) for path in peaks if path.exists()]
        return max((int(peak[1]) / 1024 for peak in found if peak), default=0)

    def visitor(self, name: str) -> Visitor:
        with requests.Session() as session:
            token = self._token(session, "/login")
            if name == "owner":
                fields = {"email": OWNER, "password": PASSWORD, "csrf_token": token}
                session.post(f"{self.url}/login", data=fields, timeout=PATIENCE_SECONDS).raise_for_status()
                token = self._token(session, "/evotor")
            return Visitor(name, "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies), token)

    def _token(self, session: requests.Session, path: str) -> str:
        page = session.get(f"{self.url}{path}", timeout=PATIENCE_SECONDS)
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert found is not None, page.text
        return found[1]

    def knock(self, knock: Knock) -> Answer | None:
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)) as line:
            with suppress(BrokenPipeError, ConnectionResetError):  # answered before the body was whole
                line.sendall(knock.bytes())
            return _answer(_everything(line))


def _everything(line: socket.socket) -> bytes:
    chunks = []
    with suppress(ConnectionResetError):  # what came until then is the answer
        while chunk := line.recv(65_536):
            chunks.append(chunk)
    return b"".join(chunks)


def _answer(raw: bytes) -> Answer | None:
    head, _, body = raw.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/"):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = _unchunked(body)
    return Answer(int(first.split()[1]), headers, body)


def _unchunked(body: bytes) -> bytes:
    whole = b""
    while found := re.match(rb"([0-9a-fA-F]+)\r\n", body):
        start, size = found.end(), int(found[1], 16)
        whole, body = whole + body[start : start + size], body[start + size + 2 :]
    return whole


class Pulse(threading.Thread):
    """Asks /health again and again; `slowest` in seconds."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.slowest, self.sick = url, 0.0, Counter[int]()
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.wait(HEALTH_EVERY_SECONDS):
            began = time.monotonic()
            self.sick[requests.get(f"{self.url}/health", timeout=PATIENCE_SECONDS).status_code] += 1
            self.slowest = max(self.slowest, time.monotonic() - began)

    def stop(self) -> None:
        self._is_over.set()
        self.join()
        del self.sick[200]


def main() -> int:
    options = _options()
    is_clean = True
    for database in options.database or ("sqlite", "postgres"):
        report = _fuzzed(database, options.seed, options.requests)
        _show(database, options.seed, report)
        is_clean &= report.is_clean
    return int(not is_clean)


def _fuzzed(database: str, seed: int, count: int) -> Report:
    with _shop(database) as (app, server):
        report, pulse, began = Report(), Pulse(server.url), time.monotonic()
        pulse.start()
        visitors = [server.visitor("stranger"), server.visitor("owner")]
        for visitor, knock in going("requests", random_knocks(app, visitors, seed, count), count):
            if (answer := server.knock(knock)) is None:
                report.unanswered += 1
                continue
            report.statuses[answer.status] += 1
            report.complaints += [f"{visitor.name}: {fault}: {knock}" for fault in answer.faults]
        pulse.stop()
        report.complaints += [f"health {status} × {times}" for status, times in pulse.sick.items()]
        report.health_seconds, report.seconds = pulse.slowest, time.monotonic() - began
        report.memory_mb = server.memory_mb()
        report.tracebacks = server.log.read_text(errors="replace").count("Traceback")
    return report


@contextmanager
def _shop(database: str) -> Iterator[tuple[Flask, Server]]:
    name, sandbox = f"evosync_fuzz_{os.getpid()}", Sandbox()
    try:
        with tempfile.TemporaryDirectory() as folder:
            environment = {
                "EVOSYNC_ENV": "development",
                "DATABASE_URL": make_postgres(name) if database == "postgres" else f"sqlite:///{folder}/evosync.db",
                "SECRET_KEY": "a secret of the fuzz that is long enough",
                "TOKEN_KEYS": Fernet.generate_key().decode(),
                "PHOTO_DIR": f"{folder}/photos",
                "EVOTOR_API_URL": sandbox.evotor_url,
                "VK_API_URL": sandbox.vk_url,
            }
            app = create_app(load_settings(environment))
            with app.app_context():
                upgrade()
                furnish()
                db.session.remove()
                db.engine.dispose()
            server = Server(environment, Path(folder) / "server.log")
            try:
                yield app, server
            finally:
                server.stop()
    finally:
        sandbox.stop()
        if database == "postgres":
            drop_postgres(name)


def _show(database: str, seed: int, report: Report) -> None:
    for complaint in report.complaints[:SHOWN]:
        print(complaint, file=sys.stderr)
    statuses = " ".join(f"{status}×{times}" for status, times in sorted(report.statuses.items()))
    print(f"{database}, seed {seed}: {statuses}, without an answer {report.unanswered}")
    print(
        f"complaints {len(report.complaints)}, 5xx {sum(n for s, n in report.statuses.items() if s >= 500)}, "
        f"tracebacks {report.tracebacks}, largest worker {report.memory_mb:.0f} MB, "
        f"slowest /health {report.health_seconds:.2f} s, seconds {report.seconds:.0f}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000, help="at each database")
    parser.add_argument("--seed", type=int, default=1, help="the same requests for the same seed")
    parser.add_argument("--database", action="append", choices=("sqlite", "postgres"), help="only this one; both")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
