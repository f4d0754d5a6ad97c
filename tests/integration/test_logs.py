"""Lines of the log: their ids, and their form where LOG_FORMAT asks for JSON."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from flask.logging import default_handler

from app import logs
from app.logs import get_logger, naming
from tests.factories import make_user
from tests.support import story
from tests.support.page import Browser
from tests.support.product import start_server
from tests.support.sandbox import SECOND_STORE, Sandbox
from tests.support.settings import with_settings

ROOT = Path(__file__).resolve().parents[2]
ID = "X-Request-ID"
CRASH = """
from app import create_app
create_app()
raise RuntimeError("vk1.a.Th1sIsAToken")
"""
UNHEARD = """
from app.logs import get_logger
get_logger().error("odd")
get_logger().info("odd again")
print("went on")
"""


@pytest.fixture
def as_json(app: Flask) -> Iterator[None]:
    with_settings(app, log_format="json")
    logs.init_app(app)
    yield
    with_settings(app, log_format="text")
    logs.init_app(app)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def refused(app: Flask, **headers: str) -> str:
    """A request that leaves a line; the id that its answer tells."""
    browser = Browser(app.test_client())
    answer = browser.ask_beside(lambda: browser.client.post("/login", headers={**headers, "Sec-Fetch-Site": "none"}))
    assert answer.status_code == 400
    return str(answer.headers[ID])


def test_a_line_of_a_request_carries_the_id_that_its_answer_tells(
    app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [refused(app), refused(app)]
    told = capsys.readouterr().err.splitlines()
    assert ids[0] != ids[1]
    assert [line.rpartition(" ")[2] for line in told] == [f"request_id={name}" for name in ids]


def test_what_follows_a_request_carries_it_no_more(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    app.test_client().get("/health")
    get_logger().info("later")
    assert "request_id" not in capsys.readouterr().err


def test_a_proxy_that_is_counted_says_the_id_itself(app: Flask) -> None:
    assert refused(app, **{ID: "from-nowhere"}) != "from-nowhere"
    with_settings(app, trusted_proxies=1)
    assert refused(app, **{ID: "5f0c-A1"}) == "5f0c-A1"


@pytest.mark.parametrize("told", ["", "a b", 'x" level=critical', "ы", "x" * 65, "a_b"])
def test_an_id_that_could_do_harm_is_none(app: Flask, told: str) -> None:
    with_settings(app, trusted_proxies=1)
    assert refused(app, **{ID: told.encode().decode("latin-1")}) not in ("", told)


def test_every_line_of_a_run_names_it_and_its_owner(
    app: Flask, sandbox: Sandbox, as_json: None, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = make_user()
    story.ran(owner)
    capsys.readouterr()
    sandbox.put_product("refused-by-vk", SECOND_STORE)
    sandbox.fault("vk", "error", "market.add")
    run = story.run_again(owner)
    told = lines(capsys.readouterr().err)

    assert {"change_failed", "run"} <= {line["event"] for line in told}
    assert {(line["user_id"], line["run_id"]) for line in told} == {(owner.id, run.id)}


def test_each_line_is_one_object_that_begins_with_when_and_what(
    app: Flask, as_json: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with naming(run_id=7):
        get_logger().warning("odd", name='Чай "Липтон"\nзелёный', token="vk1.a.Th1sIsAToken", said="vk1.a.Th1sIsAToken")
    (line,) = lines(capsys.readouterr().err)

    assert list(line)[:3] == ["timestamp", "level", "event"]
    del line["timestamp"]
    assert line == {
        "level": "warning",
        "event": "odd",
        "name": 'Чай "Липтон"\nзелёный',
        "token": "[hidden]",
        "said": "[hidden]",
        "run_id": 7,
    }


def test_an_error_that_nobody_expected_is_one_line_with_the_id_of_its_request(
    app: Flask, as_json: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise RuntimeError("vk1.a.Th1sIsAToken")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.logger.handlers = [default_handler]
    monkeypatch.setattr(default_handler, "stream", sys.stderr)
    monkeypatch.setattr("app.web.ops.views.database_state", broken)
    answer = app.test_client().get("/health")
    (line,) = lines(capsys.readouterr().err)

    assert answer.status_code == 500
    assert (line["level"], line["request_id"]) == ("error", answer.headers[ID])
    assert "RuntimeError: [hidden]" in line["exception"]


def test_a_line_that_finds_no_room_on_its_disk_stops_nobody() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", UNHEARD], cwd=ROOT, stdout=subprocess.PIPE, stderr=full, text=True, check=False
        )

    assert done.stdout == "went on\n"


@pytest.fixture
def environment(sqlite_url: str) -> dict[str, str]:
    return {"EVOSYNC_ENV": "development", "DATABASE_URL": sqlite_url, "LOG_FORMAT": "json", "WEB_CONCURRENCY": "1"}


def test_the_last_words_of_a_process_are_a_line_too(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CRASH], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    (line,) = lines(done.stderr)
    assert (line["level"], line["event"]) == ("critical", "crashed")
    assert line["exception"].endswith("RuntimeError: [hidden]\n")


def test_what_gunicorn_says_is_json_as_well(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    server, url = start_server(environment, log, "--log-level", "info")
    assert requests.get(f"{url}/health", timeout=60).status_code == 200
    server.terminate()
    server.wait(timeout=30)

    told = lines(log.read_text())
    assert {line["logger"] for line in told} == {"gunicorn.error"}
    assert any("Listening at" in line["said"] for line in told)
