"""What all commands have in common: one line for an expected failure, an exit code, a database that is there."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from app import create_app
from app.db import db
from tests.conftest import settings_for
from tests.integration.cli.conftest import Shell

COMMANDS = [
    ["sync-config", "--active"],
    ["sync-config", "nobody@example.ru"],
    ["sync", "plan", "nobody@example.ru"],
    ["sync", "run", "nobody@example.ru"],
    ["sync", "run", "--due"],
    ["sync", "worker"],
    ["users", "create", "owner@example.ru", "--password-stdin"],
    ["users", "set-password", "owner@example.ru", "--password-stdin"],
    ["keys", "rotate"],
]
of_a_user = pytest.mark.parametrize(
    "words",
    [["sync-config"], ["sync", "plan"], ["sync", "run"], ["users", "set-password"]],
    ids=" ".join,
)
every = pytest.mark.parametrize("words", COMMANDS, ids=" ".join)


@of_a_user
@pytest.mark.parametrize("unknown", ["nobody@example.ru", "99", "x", "two\nlines"])
def test_an_unknown_user_is_exit_3(flask: Shell, words: list[str], unknown: str) -> None:
    assert flask(*words, unknown).is_refusal(3)


@pytest.mark.parametrize(
    "words",
    [
        ["sync-config"],
        ["sync-config", "owner@example.ru", "--active"],
        ["sync-config", "--active", "--require-active"],
        ["sync-config", "--nonsense"],
        ["sync-config", "one", "two"],
        ["sync", "plan"],
        ["sync", "run"],
        ["sync", "run", "owner@example.ru", "--due"],
        ["sync", "worker", "--every", "0"],
        ["sync", "worker", "--every", "soon"],
        ["sync", "nonsense"],
        ["users", "create"],
        ["users", "nonsense"],
        ["keys", "rotate", "now"],
        ["sync", "--nonsense", "run"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_exit_2(flask: Shell, words: list[str]) -> None:
    assert flask(*words).is_refusal(2)


@every
def test_a_database_without_tables_is_exit_5(words: list[str], tmp_path: Path) -> None:
    flask = Shell(create_app(settings_for(f"sqlite:///{tmp_path / 'empty.db'}")))

    answer = flask(*words, stdin="a long password\n")

    assert answer.is_refusal(5)
    assert "flask db upgrade" in answer.err


@every
def test_a_database_that_does_not_answer_is_exit_5(words: list[str]) -> None:
    """Nobody listens on port 9, so that the refusal comes at once."""
    flask = Shell(create_app(settings_for("postgresql://nobody@127.0.0.1:9/nothing")))

    assert flask(*words, stdin="a long password\n").is_refusal(5)


def test_a_database_of_an_older_release_is_exit_5(flask: Shell) -> None:
    db.session.execute(sa.text("UPDATE alembic_version SET version_num = '0000'"))
    db.session.commit()

    assert flask("sync-config", "--active").is_refusal(5)


def test_a_database_file_that_cannot_be_opened_is_exit_5(tmp_path: Path) -> None:
    flask = Shell(create_app(settings_for(f"sqlite:///{tmp_path / 'nowhere' / 'evosync.db'}")))

    assert flask("sync-config", "--active").is_refusal(5)
