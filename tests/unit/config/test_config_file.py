"""The file .env, and the start that it may stop."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from dotenv import dotenv_values

from config import Settings, SettingsError, load_settings
from tests.support.settings import SECRETS


def test_the_file_is_read(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYNC_INTERVAL_MINUTES", raising=False)
    (instance.parent / ".env").write_text("SYNC_INTERVAL_MINUTES=45\n")

    assert load_settings().sync_interval_minutes == 45


def test_the_environment_wins_over_the_file(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNC_INTERVAL_MINUTES", "60")
    (instance.parent / ".env").write_text("SYNC_INTERVAL_MINUTES=45\n")

    assert load_settings().sync_interval_minutes == 60


def test_the_example_file_names_every_setting_and_no_other() -> None:
    lines = (Path(__file__).resolve().parents[3] / ".env.example").read_text().splitlines()
    named = {line.lstrip("# ").partition("=")[0] for line in lines if "=" in line}

    assert named == {field.encode_name for field in msgspec.structs.fields(Settings)}


@pytest.mark.parametrize(
    "content",
    [
        "SECRET_KEY=Пароль\n".encode("cp1251"),
        *("SECRET_KEY=x\n".encode(encoding) for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32")),
        b"A=\xc3\x28",
    ],
)
def test_a_file_that_is_not_utf8_stops_the_start(instance: Path, content: bytes) -> None:
    (instance.parent / ".env").write_bytes(content)

    with pytest.raises(SettingsError, match=r"^\.env: not text in UTF-8$"):
        load_settings()


@pytest.mark.parametrize("quote", ["", "'", '"'])
@pytest.mark.parametrize("is_filled_in", [False, True])
def test_a_dollar_in_a_value_is_part_of_it(
    instance: Path, monkeypatch: pytest.MonkeyPatch, quote: str, is_filled_in: bool
) -> None:
    """Also where the `flask` command has put the file into the environment before."""
    secret = "Zq7${HOME}fV2x$K9mB4${X:-t}R8wL1nC6yH3dG5"
    (instance.parent / ".env").write_text(f"SECRET_KEY={quote}{secret}{quote}\n")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    if is_filled_in:
        monkeypatch.setenv("SECRET_KEY", dotenv_values(instance.parent / ".env")["SECRET_KEY"] or "")

    assert load_settings().secret_key == secret


def test_a_file_that_cannot_be_read_stops_the_start(instance: Path) -> None:
    (instance.parent / ".env").mkdir()
    with pytest.raises(SettingsError, match=r"^\.env: cannot be read$"):
        load_settings()


def test_the_mark_of_an_editor_hides_no_setting(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYNC_INTERVAL_MINUTES", raising=False)
    (instance.parent / ".env").write_text("SYNC_INTERVAL_MINUTES=45\n", encoding="utf-8-sig")

    assert load_settings().sync_interval_minutes == 45


# The start


@pytest.mark.parametrize(
    ("name", "value"), [("EVOSYNC_ENV", "prod"), ("DATABASE_URL", "postgresql://owner@host:port/evosync")]
)
def test_a_wrong_value_stops_the_start_with_one_line(name: str, value: str) -> None:
    started = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=Path(__file__).resolve().parents[3],
        env={"PATH": os.environ["PATH"], **SECRETS, name: value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert started.returncode != 0
    assert started.stdout == ""
    (line,) = started.stderr.splitlines()
    assert line.startswith(f"evosync: {name}: ")
