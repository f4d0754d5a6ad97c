"""What is paid for at the start: a command imports what it uses, and an import computes and opens nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from app.cli import COMMANDS
from app.cli.late_command import LateCommand
from tests.factories import make_user
from tests.integration.cli.conftest import Shell

ROOT = Path(__file__).resolve().parents[2]
EMAIL = "owner@example.ru"
WEB = "app.web.access", "app.web.auth", "app.web.catalog", "app.web.doors", "app.web.sync", "flask_wtf", "whitenoise"
ENGINE = "app.clients", "app.services.engine", "app.services.planning", "app.tasks", "requests", "urllib3"
LIBRARIES = (
    "PIL",
    "alembic",
    "argon2",
    "authlib",
    "celery",
    "cryptography",
    "flask_compress",
    "flask_migrate",
    "structlog",
)

TELLING = """
import atexit, sys
from flask.cli import main
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
main()
"""
IMPORT_ALL = """
import hashlib, importlib, pkgutil, sys
import argon2, flask, sqlalchemy
import app

def refuse(*_args, **_kwargs):
    raise SystemExit("something is hashed slowly")

def look(event, args):
    is_code = event == "open" and str(args[0]).endswith((".py", ".pyc"))
    if not is_code and event.split(".")[0] in ("open", "socket", "sqlite3", "subprocess"):
        raise SystemExit(f"{event} of {args}")

argon2.PasswordHasher.hash = hashlib.scrypt = hashlib.pbkdf2_hmac = refuse
names = [found.name for found in pkgutil.walk_packages(app.__path__, "app.") if not found.name.endswith("__main__")]
sys.addaudithook(look)
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def python(*words: str, url: str = "") -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, "FLASK_APP": "wsgi.py", "FLASK_SKIP_DOTENV": "1", "DATABASE_URL": url}
    command = [sys.executable, "-B", *words]
    return subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True, text=True)


def imported(url: str, *words: str) -> set[str]:
    """The modules that this command has imported when it ends."""
    return set(python("-c", TELLING, *words, url=url).stderr.split())


def among(modules: set[str], *packages: str) -> list[str]:
    return sorted(name for name in modules if any(f"{name}.".startswith(f"{package}.") for package in packages))


@pytest.mark.parametrize("words", [(EMAIL,), ("--active",)], ids=" ".join)
def test_a_configuration_is_printed_without_pages_engine_and_their_libraries(
    app: Flask, sqlite_url: str, words: tuple[str, ...]
) -> None:
    make_user(EMAIL)
    modules = imported(sqlite_url, "sync-config", *words)

    assert "app.cli.sync_config" in modules
    assert not among(modules, *WEB, *ENGINE, *LIBRARIES)


def test_a_resolved_configuration_needs_no_pages_and_no_vendor(app: Flask, sqlite_url: str) -> None:
    make_user(EMAIL)
    modules = imported(sqlite_url, "sync-config", EMAIL, "--resolved")
    assert not among(modules, *WEB, "app.clients", "app.services.engine", "PIL", "alembic", "argon2", "requests")


def test_the_list_of_commands_imports_none_of_them(sqlite_url: str) -> None:
    modules = imported(sqlite_url, "--help")
    assert among(modules, "app.cli") == ["app.cli", "app.cli.late_command"]
    assert not among(modules, "flask_migrate")


def test_the_list_of_commands_says_of_each_what_it_says_of_itself(app: Flask) -> None:
    late = [command for command in app.cli.commands.values() if isinstance(command, LateCommand)]

    assert len(late) == len(COMMANDS)
    for command in late:
        real = command.command()
        assert (command.name, command.get_short_help_str(80)) == (real.name, real.get_short_help_str(80))


@pytest.mark.parametrize("words", ["sync run", "users create", "db upgrade", "demo seed"])
def test_a_command_that_comes_late_answers_for_its_own(app: Flask, words: str) -> None:
    answer = Shell(app)(*words.split(), "--help")
    assert answer.code == 0 and answer.out.startswith(f"Usage: app {words} ")


def test_an_import_opens_and_hashes_nothing() -> None:
    assert int(python("-c", IMPORT_ALL).stdout) > 100
