"""Processes that all ask VK who their owner is, at once: forks of one that has the product imported.

Each says its pid, waits for the others, and tells how it ended: {"pid", "token", "error"}.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Askers:
    """The harness' end of it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.renewing"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask_at_once(
        self, environment: Mapping[str, str], number: int, on_start: Callable[[int], object] = int
    ) -> list[dict[str, Any]]:
        """How each ended that was not killed; `on_start` hears the pids before any of them begins."""
        self._say(json.dumps({"environment": dict(environment), "number": number}))
        for _ in range(number):
            on_start(int(self._answer()))
        self._say("begin")
        told = []
        while (line := self._answer()) != ALL_ENDED:
            told.append(json.loads(line))
        return told

    def stop(self) -> None:
        self._process.communicate(timeout=10)

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the askers' parent ended"
        return line.strip()


ALL_ENDED = "all ended"


def serve() -> None:
    from app import create_app, models
    from app.services.vendors import clients, connection_use, faults
    from config import load_settings

    assert models and clients and connection_use and faults
    for line in sys.stdin:
        job = json.loads(line)
        _ask_at_once(create_app(load_settings(job["environment"])), job["number"])
        _tell(ALL_ENDED)


def _ask_at_once(app: Any, number: int) -> None:
    begin, release = os.pipe()
    children = []
    for _ in range(number):
        if (pid := os.fork()) == 0:
            os.close(release)
            _child(app, begin)
        children.append(pid)
        _tell(str(pid))
    sys.stdin.readline()
    os.close(release)
    for pid in children:
        os.waitpid(pid, 0)
    os.close(begin)


def _child(app: Any, begin: int) -> None:
    code = 1
    try:
        with app.app_context():
            use = _use()
            os.read(begin, 1)  # until the parent lets go
            _tell(json.dumps({"pid": os.getpid(), **_asked(use)}))
        code = 0
    finally:
        os._exit(code)


def _use() -> Any:
    import sqlalchemy as sa

    from app.db import db
    from app.models import User
    from app.services.vendors.connection_use import vk_use

    user = db.session.scalars(sa.select(User)).one()
    use = vk_use(user)
    db.session.remove()
    return use


def _asked(use: Any) -> dict[str, str | None]:
    from app.clients.vk.errors import VkError
    from app.services.vendors.clients import vk_client
    from app.services.vendors.faults import vk_code

    with vk_client(use) as client:
        try:
            client.me()
        except VkError as error:
            return {"token": None, "error": vk_code(error)}
        return {"token": client._vk._tokens.current(), "error": None}


def _tell(line: str) -> None:
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    serve()
