"""A bar for whoever watches a run in a terminal."""

import json
import os
import pty
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from app.cli import progress
from app.models import RunStage
from app.services.engine.context import held_lease
from app.services.engine.context.held_lease import RunNews
from tests.factories import make_active_owner
from tests.integration.cli.conftest import Shell
from tests.support.sandbox import Sandbox

EMAIL = "owner@example.ru"
ROOT = Path(__file__).resolve().parents[3]
TOLD = """
from app.cli.progress import run_bar
from app.logs import get_logger
from app.models import RunStage
from app.services.engine.context.held_lease import RunNews
with run_bar() as bar:
    bar(RunNews(RunStage.CATALOG, "Лавка", 0, 0))
    get_logger().warning("store_not_read")
    bar(RunNews(RunStage.EDIT, None, 25, 100))
    bar(RunNews(RunStage.ADD, None, 50, 100))
print('{"outcome": "succeeded"}')
"""


def told_on_a_terminal() -> tuple[str, str]:
    """What stands on stdout, and what on the terminal that is stderr."""
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", TOLD], cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, text=True, check=True
    )
    os.close(theirs)
    told = os.read(ours, 65536).decode()
    os.close(ours)
    return done.stdout, told


def test_a_terminal_shows_the_stage_in_words_and_how_much_is_done_of_all() -> None:
    _, told = told_on_a_terminal()
    assert "Читаем каталог Эвотора, магазин «Лавка»" in told
    assert "Обновляем товары и цены" in told
    assert "25/100" in told
    assert "Добавляем товары" in told
    assert "50/100" in told
    assert "50%" in told


def test_what_is_logged_begins_on_a_line_of_its_own() -> None:
    _, told = told_on_a_terminal()
    (logged,) = (line for line in told.splitlines() if "store_not_read" in line)
    assert logged.startswith("timestamp=")


def test_stdout_holds_the_answer_alone() -> None:
    out, _ = told_on_a_terminal()
    assert json.loads(out) == {"outcome": "succeeded"}


def test_whoever_reads_stderr_from_a_pipe_sees_no_bar(capfd: pytest.CaptureFixture[str]) -> None:
    with progress.run_bar() as bar:
        bar(RunNews(RunStage.EDIT, None, 25, 100))
    assert capfd.readouterr() == ("", "")


def test_a_run_tells_whoever_watches_how_far_it_is(
    flask: Shell, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_active_owner(EMAIL)
    monkeypatch.setattr(held_lease, "WHILE_READING", timedelta(0))  # as if reading took seconds
    heard: list[RunNews] = []
    monkeypatch.setattr(progress.RunBar, "__call__", lambda _bar, news: heard.append(news))
    answer = flask("sync", "run", EMAIL)
    assert answer.json["outcome"] == "succeeded"
    assert heard[0].stage is RunStage.CATALOG
    added = len(sandbox.items())
    assert (heard[-1].done, heard[-1].total) == (heard[-1].total, heard[-1].total)
    assert heard[-1].total >= added > 0
    assert "\x1b" not in answer.err
