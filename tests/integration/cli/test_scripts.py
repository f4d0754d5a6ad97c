"""bin/read_config and bin/sync, as cron and other programs start them: from anywhere, with a bare environment."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from app.db import db
from config import Settings
from tests.conftest import KEY
from tests.factories import make_active_owner, make_user

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def project(tmp_path: Path, settings: Settings) -> Path:
    """The project at another place, with its own .env and its own instance folder."""
    place = tmp_path / "a project"
    shutil.copytree(ROOT / "bin", place / "bin")
    for name in ("config.py", "wsgi.py", "requirements.txt"):
        shutil.copy(ROOT / name, place)
    for name in ("app", "migrations"):
        (place / name).symlink_to(ROOT / name)
    _borrow_environment(place)
    values = {
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key,
        "TOKEN_KEYS": KEY,
        "EVOTOR_API_URL": settings.evotor_api_url,
        "VK_API_URL": settings.vk_api_url,
        "VK_REQUESTS_PER_SECOND": "10000",
    }
    (place / ".env").write_text("".join(f"{name}='{value}'\n" for name, value in values.items()))
    return place


def _borrow_environment(place: Path) -> None:
    """The virtual environment that runs the tests, marked as one in which everything is installed."""
    (place / ".venv").mkdir()
    for part in (ROOT / ".venv").iterdir():
        (place / ".venv" / part.name).symlink_to(part)
    digest = hashlib.sha256((place / "requirements.txt").read_bytes()).hexdigest()
    (place / ".venv" / f".installed-{digest[:16]}").touch()


def script(project: Path, name: str, *words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [project / "bin" / name, *words],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_read_config_prints_the_configuration(app: object, project: Path) -> None:
    make_user("владелец@example.ru")
    answer = script(project, "read_config", "владелец@example.ru")

    assert (answer.returncode, answer.stderr) == (0, "")
    assert json.loads(answer.stdout)["email"] == "владелец@example.ru"


def test_read_config_works_through_a_link(app: object, project: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(project / "bin" / "read_config")
    answer = subprocess.run(
        [tmp_path / "linked", "--active"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        timeout=120,
        check=False,
    )

    assert (answer.returncode, answer.stdout, answer.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    ("words", "code"), [([], 2), (["--nonsense"], 2), (["nobody@example.ru"], 3), (["not\udcfftext"], 3)]
)
def test_read_config_refuses_in_one_line(app: object, project: Path, words: list[str], code: int) -> None:
    answer = script(project, "read_config", *words)

    assert (answer.returncode, answer.stdout, answer.stderr.count("\n")) == (code, "", 1), answer.stderr


def test_a_wrong_setting_stops_a_script_in_one_line(project: Path) -> None:
    answer = script(project, "read_config", "--active", SYNC_INTERVAL_MINUTES="soon")

    assert (answer.returncode, answer.stdout) == (1, "")
    (line,) = answer.stderr.splitlines()
    assert "SYNC_INTERVAL_MINUTES: " in line


def test_sync_makes_one_pass_with_a_line_for_every_user(app: object, project: Path) -> None:
    make_active_owner()
    db.session.remove()
    answer = script(project, "sync")

    assert answer.returncode == 0, answer.stderr
    assert [json.loads(line)["outcome"] for line in answer.stdout.splitlines()] == ["succeeded"]
    assert "status=succeeded" in answer.stderr


def test_two_passes_never_run_at_once_on_one_machine(app: object, project: Path) -> None:
    (project / "instance").mkdir()
    lock = os.open(project / "instance" / "sync.lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        answer = script(project, "sync")
    finally:
        os.close(lock)

    assert (answer.returncode, answer.stdout) == (0, "")
    assert "another pass is at work" in answer.stderr
