"""A process whose clock a test moves, as it moves its own."""

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.models import RunStatus, SyncRun
from app.services.runs import queue, schedule
from config import ROOT, Settings
from tests.factories import make_active_owner


class Process:
    """`flask` with the settings of the test, and a file by which its clock is moved."""

    def __init__(self, settings: Settings, file: Path) -> None:
        self._file = file
        given = {name.upper(): str(value) for name, value in msgspec.structs.asdict(settings).items()}
        self._environment = {**os.environ, **given, "EVOSYNC_CLOCK": str(file), "FLASK_APP": "wsgi.py"}
        self.move(timedelta(0))

    def move(self, span: timedelta) -> None:
        self._file.write_text(str(span.total_seconds()))

    def __call__(self, *words: str) -> list[str]:
        """What it said on stdout, line by line."""
        command = [sys.executable, "-m", "flask", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


@pytest.fixture
def process(settings: Settings, tmp_path: Path) -> Process:
    return Process(settings, tmp_path / "clock")


def test_a_pass_in_another_process_runs_whoever_is_due_by_the_moved_clock(app: Flask, process: Process) -> None:
    owner = make_active_owner("owner@example.ru")
    queue.drop_queued(owner.id)
    schedule.set_next_run(owner.id, utcnow() + timedelta(days=1))
    db.session.commit()

    assert process("sync", "run", "--due") == []
    process.move(timedelta(days=1))
    (line,) = process("sync", "run", "--due")

    assert f'"{RunStatus.SUCCEEDED}"' in line
    db.session.expire_all()
    began = db.session.scalars(sa.select(SyncRun.started_at).where(SyncRun.status == RunStatus.SUCCEEDED)).one()
    assert isinstance(began, datetime) and timedelta(0) <= began - utcnow() - timedelta(hours=23) < timedelta(hours=1)
