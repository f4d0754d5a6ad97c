"""Passes as processes of their own, on the database and the sandbox of the test, whose clock the test moves."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import msgspec
from flask import Flask

from app.db import db
from app.models import User
from app.services.connections import evotor, vk
from config import ROOT, Settings
from tests.factories import make_active, make_user
from tests.support.sandbox import ACCOUNT, EVOTOR_TOKEN, SECOND_STORE, STORE, VK_TOKEN, Sandbox

FIRST_CLUB = 778_000_000
STALL = "20260101-AAAA-4BBB-80CC-000000000002"


class Passes:
    def __init__(self, app: Flask, folder: Path) -> None:
        settings: Settings = app.extensions["settings"]
        given = {name.upper(): str(value) for name, value in msgspec.structs.asdict(settings).items()}
        self._clock, self.errors = folder / "clock", folder / "errors"
        self._environment = {**os.environ, **given, "EVOSYNC_CLOCK": str(self._clock), "FLASK_APP": "wsgi.py"}
        self.move(timedelta(0))

    def move(self, span: timedelta) -> None:
        """Of all that run and will run."""
        self._clock.write_text(str(span.total_seconds()))

    def begin(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """`flask sync run --due`, or another command."""
        words = command or (sys.executable, "-m", "flask", "sync", "run", "--due")
        with self.errors.open("a") as errors:
            return subprocess.Popen(
                words,
                cwd=ROOT,
                env={**self._environment, **environment},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def end(self, *passes: subprocess.Popen[str]) -> list[str]:
        """All that they said, line by line."""
        lines = [line for running in passes for line in running.communicate(timeout=120)[0].splitlines()]
        assert [running.returncode for running in passes] == [0] * len(passes), self.errors.read_text()[-3000:]
        return lines


def make_stalls(sandbox: Sandbox, count: int) -> list[int]:
    """Ids of active users with one product each, all of them due."""
    sandbox.control("evotor/stores", account=ACCOUNT, upsert=[{"id": STALL, "name": "Прилавок"}])
    sandbox.control("evotor/stores", account=ACCOUNT, delete=[STORE, SECOND_STORE])
    sandbox.put_product("P1", STALL)
    return [make_stall(sandbox, number).id for number in range(count)]


def make_stall(sandbox: Sandbox, number: int, store: str = STALL) -> User:
    club = FIRST_CLUB + number
    sandbox.control("vk/clubs", id=club, levels={"50001234": 3})
    user = make_user(f"owner{number}@example.ru")
    evotor.connect_evotor(user, EVOTOR_TOKEN)
    vk.connect_vk(user, VK_TOKEN, club)
    db.session.commit()
    return make_active(user, store)
