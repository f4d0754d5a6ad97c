"""What is said, made and refused at the start, whoever starts it and how."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app import create_app
from app.cli.demo import demo
from config import OTHERS, Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
STRONG = "Zq7fV2xK9mB4tR8wL1nC6yH3dG5jP0sA"
PATIENCE_SECONDS = 60


@pytest.fixture
def production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment with nothing to complain of but SQLite."""
    monkeypatch.setattr("config.ROOT", tmp_path)
    monkeypatch.setattr("config.INSTANCE", tmp_path / "instance")
    return {
        "EVOSYNC_ENV": "production",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'evosync.db'}",
        "SECRET_KEY": STRONG,
        "TOKEN_KEYS": Fernet.generate_key().decode(),
        "PUBLIC_URL": "https://shop.ru",
        "PHOTO_DIR": str(tmp_path / "photos"),
    }


def said(capfd: pytest.CaptureFixture[str], settings: Settings) -> str:
    capfd.readouterr()
    create_app(settings)
    return capfd.readouterr().err


def test_production_warns_of_nothing_else_than_sqlite(
    capfd: pytest.CaptureFixture[str], production: dict[str, str]
) -> None:
    (line,) = said(capfd, load_settings(production)).splitlines()
    assert "sqlite_in_production" in line


@pytest.mark.parametrize("name", [".env", "photos", "instance", "evosync.db"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_production_warns_of_what_others_may_read_or_change(
    capfd: pytest.CaptureFixture[str], production: dict[str, str], tmp_path: Path, name: str, mode: int
) -> None:
    settings = load_settings(production)
    path = tmp_path / name
    if name == "instance":
        path.mkdir()
    elif name != "photos":
        path.touch()
    path.chmod(mode | 0o100 * path.is_dir())

    (line,) = [line for line in said(capfd, settings).splitlines() if "others_have_rights" in line]
    assert f"path={path}" in line and "level=warning" in line


@pytest.mark.parametrize(
    ("name", "url", "is_said"),
    [
        ("VK_API_URL", "http://vk.example/method", True),
        ("EVOTOR_API_URL", "http://10.0.0.5/evotor", True),
        ("VK_API_URL", "http://127.0.0.1:8100/method", False),
        ("EVOTOR_API_URL", "http://localhost:8100/evotor", False),
    ],
)
def test_production_warns_of_tokens_that_travel_in_clear(
    capfd: pytest.CaptureFixture[str], production: dict[str, str], name: str, url: str, is_said: bool
) -> None:
    log = said(capfd, load_settings(production | {name: url}))
    assert (f"setting={name}" in log) is is_said


def test_development_warns_of_nothing(
    capfd: pytest.CaptureFixture[str], production: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / ".env").touch(mode=0o644)
    assert said(capfd, load_settings(production | {"EVOSYNC_ENV": "development"})) == ""


# Processes


def flask(environ: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "flask", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "FLASK_APP": "wsgi.py", **environ},
        umask=0o022,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def open_to_others(place: Path) -> list[str]:
    return [str(path.relative_to(place)) for path in place.rglob("*") if path.lstat().st_mode & OTHERS]


def test_what_a_command_makes_is_its_owner_s_alone(production: dict[str, str], tmp_path: Path) -> None:
    done = flask(production, "db", "upgrade")

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "evosync.db").exists() and open_to_others(tmp_path) == []


def test_what_a_server_makes_is_its_owner_s_alone(production: dict[str, str], tmp_path: Path) -> None:
    """Started by hand, with the umask that most machines have."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "wsgi:app",
                "--no-control-socket",
                "--bind",
                f"fd://{listening.fileno()}",
            ],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **production},
            umask=0o022,
            pass_fds=[listening.fileno()],
            stderr=subprocess.DEVNULL,
        )
        try:
            with socket.create_connection(listening.getsockname(), timeout=PATIENCE_SECONDS) as visitor:
                visitor.sendall(b"GET /health HTTP/1.0\r\nHost: shop.ru\r\n\r\n")
                assert visitor.recv(100).startswith(b"HTTP/1")
        finally:
            server.terminate()
            server.wait(timeout=10)
    assert (tmp_path / "evosync.db").exists() and open_to_others(tmp_path) == []


DEMO = [
    ("demo", "seed", "--evotor-token", "0b9d8c1e-0000", "--vk-token", "demo-user", "--group-id", "1"),
    ("demo", "once"),
]


def test_these_are_all_commands_of_the_demo() -> None:
    assert {name for _, name, *_ in DEMO} == set(demo.commands)


@pytest.mark.parametrize("words", DEMO)
def test_production_has_no_demo(production: dict[str, str], tmp_path: Path, words: tuple[str, ...]) -> None:
    refused = flask(production, *words)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert [line for line in refused.stderr.splitlines() if "level=warning" not in line] == [
        "Error: the demo is not for production: its password is public"
    ]
    assert not (tmp_path / "evosync.db").exists()


@pytest.mark.parametrize(
    "words", [("--debug", "routes"), ("--debug", "sync", "run", "--due"), ("run", "--debug", "--port", "1")]
)
def test_production_refuses_a_command_with_the_debugger(production: dict[str, str], words: tuple[str, ...]) -> None:
    refused = flask(production, *words)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.splitlines() == ["evosync: FLASK_DEBUG: must be off in production"]


def test_the_last_words_of_a_command_hold_no_secret(production: dict[str, str]) -> None:
    broken = subprocess.run(
        [sys.executable, "-c", "import wsgi; raise RuntimeError('access_token=' + 'hush'[::-1])"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **production},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert broken.returncode == 1
    assert "RuntimeError: [hidden]" in broken.stderr and "hsuh" not in broken.stderr
