"""bin/read_config and bin/sync, as cron and other programs start them: from anywhere, with a bare environment."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.clock import utcnow
from app.db import db
from app.domain.rules import EntityType, FilterMode
from config import Settings
from tests.conftest import KEY
from tests.factories import add_product, add_store, make_active_owner, make_user, set_rule

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def project(tmp_path: Path, settings: Settings) -> Path:
    """The project at another place, with its own .env and its own instance folder."""
    place = tmp_path / "a project"
    shutil.copytree(ROOT / "bin", place / "bin")
    for name in ("config.py", "wsgi.py", "requirements.txt"):
        shutil.copy(ROOT / name, place)
    for name in ("app", "migrations", "settings_checks"):
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


def test_read_config_says_in_one_line_that_its_answer_finds_no_room(app: object, project: Path) -> None:
    make_user("owner@example.ru")
    with Path("/dev/full").open("w") as full:
        answer = subprocess.run(
            [project / "bin" / "read_config", "owner@example.ru"],
            env={"PATH": "/usr/bin:/bin"},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )

    assert (answer.returncode, answer.stderr) == (1, "Error: cannot write the answer: No space left on device\n")


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


# The lock of the passes


@pytest.fixture
def lock(project: Path) -> Iterator[Path]:
    """Held by somebody who does nothing."""
    path = project / "instance" / "sync.lock"
    path.parent.mkdir()
    path.write_text("4711\n")
    held = os.open(path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    yield path
    os.close(held)


def test_two_passes_never_run_at_once_on_one_machine(project: Path, lock: Path) -> None:
    answer = script(project, "sync")

    assert (answer.returncode, answer.stdout) == (0, "")
    assert "another pass is at work" in answer.stderr


def test_a_lock_held_for_an_hour_without_a_sign_of_life_is_an_error(project: Path, lock: Path) -> None:
    subprocess.run(["touch", "-d", "61 minutes ago", lock], check=True)
    for _ in range(2):  # asking is no sign of life
        answer = script(project, "sync")

        assert (answer.returncode, answer.stdout) == (1, "")
        (line,) = answer.stderr.splitlines()
        assert "instance/sync.lock has been held" in line and "4711" in line


def test_a_pass_signs_the_lock_and_shows_life_after_every_user(app: object, project: Path) -> None:
    make_active_owner()
    db.session.remove()
    lock = project / "instance" / "sync.lock"
    lock.parent.mkdir()
    lock.write_text("4711\n")
    subprocess.run(["touch", "-d", "2 hours ago", lock], check=True)
    long_ago = lock.stat().st_mtime
    answer = script(project, "sync")

    assert answer.returncode == 0, answer.stderr
    assert lock.stat().st_mtime > long_ago + 3600
    assert lock.read_text().strip().isdigit() and lock.read_text() != "4711\n"


def test_a_pass_that_is_told_to_end_passes_it_on(project: Path) -> None:
    flask = project / ".venv" / "bin"
    flask.unlink()
    flask.mkdir()
    for part in (ROOT / ".venv" / "bin").iterdir():
        if part.name != "flask":
            (flask / part.name).symlink_to(part)
    (flask / "flask").write_text(
        "#!/bin/sh\ntrap 'echo ended; exit 0' TERM\necho begun\nwhile :; do sleep 0.05; done\n"
    )
    (flask / "flask").chmod(0o755)
    bare = {"PATH": "/usr/bin:/bin"}
    with subprocess.Popen([project / "bin" / "sync"], env=bare, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None and running.stdout.readline() == "begun\n"
        running.terminate()
        assert running.stdout.read() == "ended\n"
    assert running.returncode == 0


def test_a_pass_that_fails_is_an_error(project: Path) -> None:
    answer = script(project, "sync", DATABASE_URL="sqlite:////nowhere/evosync.db")

    assert (answer.returncode, answer.stdout) == (5, ""), answer.stderr


# Files


def open_to_others(place: Path) -> list[str]:
    return [str(path.relative_to(place)) for path in place.rglob("*") if path.lstat().st_mode & 0o077]


@pytest.mark.parametrize("before", [None, 0o755, 0o777])
def test_what_a_pass_makes_is_its_owner_s_alone(app: object, project: Path, before: int | None) -> None:
    instance = project / "instance"
    if before:
        instance.mkdir()
        instance.chmod(before)
    answer = script(project, "sync")

    assert answer.returncode == 0, answer.stderr
    assert instance.stat().st_mode & 0o077 == 0
    assert {path.name for path in instance.iterdir()} >= {"sync.lock", "pruned"}
    assert open_to_others(instance) == []


def test_the_lock_of_the_installation_is_its_owner_s_alone(project: Path) -> None:
    """Here there is nothing to install: what was asked for is there by the time that the lock is had."""
    steps = ". bin/common.sh; rm -f .venv/.installed-*; PATH=$PATH need_venv requirements.txt"
    (project / ".venv" / "bin").unlink()
    (project / ".venv" / "bin").mkdir()
    python = project / ".venv" / "bin" / "python"
    python.write_text("#!/bin/sh\numask\n")
    python.chmod(0o755)
    done = subprocess.run(["bash", "-c", steps], cwd=project, capture_output=True, text=True, umask=0o022, check=True)

    assert (project / ".venv.lock").stat().st_mode & 0o077 == 0
    assert "0022" in done.stderr, "the environment itself is no secret"


# What the documentation shows


def test_the_shell_loop_of_the_documentation_works(app: object, project: Path, tmp_path: Path) -> None:
    for email in ("владелец@example.ru", "second@example.ru"):
        user = make_user(email)
        add_store(user)
        for product in ("P1", "P2", "P3"):
            add_product(user, product)
        set_rule(user, EntityType.STORE, FilterMode.INCLUDE, "S1")
        if user.id == 1:
            set_rule(user, EntityType.PRODUCT, FilterMode.EXCLUDE, "P2")
        assert user.sync_config is not None
        user.sync_config.is_enabled, user.sync_config.confirmed_at = True, utcnow()
    db.session.commit()
    (written,) = re.findall("```sh\n(.*?)```", (ROOT / "docs" / "shell.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "loop").write_text(written, encoding="utf-8")

    environ = {"PATH": "/usr/bin:/bin", "EVOSYNC": str(project), "OUT": str(tmp_path), "LC_ALL": "C.UTF-8"}
    answer = subprocess.run(
        ["sh", tmp_path / "loop"], cwd="/", env=environ, capture_output=True, text=True, timeout=120, check=False
    )

    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.splitlines() == [
        "владелец@example.ru: 2 products in 1 stores",
        "second@example.ru: 3 products in 1 stores",
    ]
    assert (tmp_path / "1.products").read_text() == "P1\nP3\n"


# .env


CP1251 = "# Секретный ключ\nSECRET_KEY=x\n".encode("cp1251")
UTF16 = "SECRET_KEY=x\n".encode("utf-16")


@pytest.mark.parametrize(
    ("name", "content"),
    [("sync", CP1251), ("serve", UTF16), ("read_config", UTF16), ("worker", CP1251), ("demo", CP1251)],
)
def test_an_env_file_that_is_not_utf8_stops_every_script_in_one_line(project: Path, name: str, content: bytes) -> None:
    (project / ".env").write_bytes(content)
    answer = script(project, name)

    assert (answer.returncode, answer.stdout, answer.stderr) == (1, "", "evosync: .env: not text in UTF-8\n")


def test_so_it_stops_a_web_server_that_is_started_by_hand(project: Path) -> None:
    shutil.copy(ROOT / "gunicorn.conf.py", project)
    (project / ".env").write_bytes(UTF16)
    command = [str(project / ".venv" / "bin" / "gunicorn"), "--bind", "127.0.0.1:0"]
    answer = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120, check=False)

    assert (answer.returncode, answer.stdout, answer.stderr) == (1, "", "evosync: .env: not text in UTF-8\n")


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("sync", "SECRET_KEY", "change-me-" * 4),
        ("serve", "PUBLIC_URL", "http://shop.ru"),
        ("read_config", "FLASK_DEBUG", "1"),
        ("sync", "EVOSYNC_CLOCK", "moved-by"),
        ("worker", "TOKEN_KEYS", "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="),
    ],
)
def test_what_is_unsafe_in_production_stops_every_script_in_one_line(
    project: Path, name: str, setting: str, value: str
) -> None:
    good = {
        "EVOSYNC_ENV": "production",
        "SECRET_KEY": "Zq7fV2xK9mB4tR8wL1nC6yH3dG5jP0sA",
        "TOKEN_KEYS": KEY,
        "PUBLIC_URL": "https://shop.ru",
    }
    answer = script(project, name, **good | {setting: value})

    assert (answer.returncode, answer.stdout) == (1, "")
    (line,) = answer.stderr.splitlines()
    assert line.startswith(f"evosync: {setting}: ") and value not in line
