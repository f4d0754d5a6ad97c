"""/metrics: who may read it, what stands there, and that the alarms name nothing else."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from app.clock import utcnow
from app.models import User
from app.services.ops import operators
from config import load_settings
from tests.support import story
from tests.support.clock import stop_at
from tests.support.page import Browser
from tests.support.sandbox import EVOTOR_TOKEN, Sandbox
from tests.support.settings import PRODUCTION, STRONG, refusal, with_settings

RULES = Path(__file__).resolve().parents[2] / "deploy" / "prometheus" / "evosync.rules.yml"
TOKEN = "a-token-of-the-tests-that-is-long-enough"
SHOWN = {"Authorization": f"Bearer {TOKEN}"}
OURS = re.compile(r"\bevosync_\w+")

Samples = dict[tuple[str, ...], float]


@pytest.fixture
def metered(app: Flask) -> Flask:
    with_settings(app, metrics_token=TOKEN)
    return app


def scraped(app: Flask) -> Samples:
    """{(name, label values by the names of their labels): value}, read from another process's point of view."""
    browser = Browser(app.test_client())
    answer = browser.get("/metrics", headers=SHOWN).answer
    assert answer.content_type.startswith("text/plain; version=")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.get_data(as_text=True))
        for sample in family.samples
    }


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, {"Authorization": f"Basic {TOKEN}"}],
    ids=["nothing", "another", "without its kind", "of another kind"],
)
def test_without_the_token_it_is_not_there(metered: Flask, headers: dict[str, str]) -> None:
    Browser(metered.test_client()).get("/metrics", 404, headers=headers)


@pytest.mark.parametrize("shown", ["Bearer ", f"Bearer {TOKEN}", "Bearer ÿ"])
def test_without_the_setting_it_is_not_there(client: FlaskClient, shown: str) -> None:
    assert client.get("/metrics", headers={"Authorization": shown}).status_code == 404


def test_it_may_be_read_as_often_as_anybody_likes(metered: Flask) -> None:
    client = metered.test_client()
    assert {client.get("/metrics", headers=SHOWN).status_code for _ in range(100)} == {200}


def test_a_token_that_can_be_guessed_stops_a_start_in_production() -> None:
    assert "METRICS_TOKEN" in refusal(PRODUCTION | {"METRICS_TOKEN": "metrics"})
    assert "METRICS_TOKEN" in refusal(PRODUCTION | {"METRICS_TOKEN": "a" * 40})
    assert load_settings(PRODUCTION | {"METRICS_TOKEN": STRONG}).metrics_token == STRONG


def test_what_is_at_work_and_how_it_ended_is_counted(metered: Flask, owner: User, sandbox: Sandbox) -> None:
    story.ran(owner)
    story.at_work(owner)
    found = scraped(metered)

    assert found["evosync_runs_ended_last_hour", "succeeded"] == 1
    assert found["evosync_runs_ended_last_hour", "failed"] == 0
    assert (found["evosync_runs_running",], found["evosync_runs_lost",], found["evosync_runs_queued",]) == (1, 0, 0)
    assert found["evosync_users", "active"] == found["evosync_accounts",] == 1
    assert found["evosync_connections", "ok", "vk"] == found["evosync_connections", "ok", "evotor"] == 1


def test_runs_that_left_no_row_are_told_by_their_users(
    metered: Flask, owner: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.ran(owner)
    story.run_again(owner)
    found = scraped(metered)
    assert (found["evosync_users_quiet_last_hour",], found["evosync_runs_ended_last_hour", "succeeded"]) == (1, 1)

    stop_at(monkeypatch, utcnow() + timedelta(minutes=61))
    assert scraped(metered)["evosync_users_quiet_last_hour",] == 0


def test_how_late_the_latest_is_is_told(
    metered: Flask, owner: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.ran(owner)
    stop_at(monkeypatch, utcnow() + timedelta(minutes=45))
    found = scraped(metered)
    assert (found["evosync_due_users",], found["evosync_due_lag_seconds",]) == (1, 30 * 60)

    operators.halt(owner, "Проверяем", owner.id)
    found = scraped(metered)
    assert (found["evosync_due_users",], found["evosync_due_lag_seconds",]) == (0, 0)
    assert found["evosync_users_halted",] == 1


def test_no_key_and_no_address_stands_there(metered: Flask, owner: User, sandbox: Sandbox) -> None:
    story.ran(owner)
    text = metered.test_client().get("/metrics", headers=SHOWN).get_data(as_text=True)
    assert not [secret for secret in (EVOTOR_TOKEN, TOKEN, "example.ru") if secret in text]


def test_a_database_that_is_away_is_told_and_nothing_else(metered: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: object, **_options: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("away"))

    scraped(metered)  # what the page needs is imported then
    monkeypatch.setattr("app.services.health.sa.text", away)
    assert scraped(metered) == {("evosync_database_up",): 0}


def test_every_alarm_is_of_something_that_is_measured(metered: Flask) -> None:
    names = {name for name, *_ in scraped(metered)}
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]

    assert rules and all({"alert", "expr", "labels", "annotations"} <= rule.keys() for rule in rules)
    for rule in rules:
        assert set(OURS.findall(rule["expr"])) <= names, rule["alert"]
        assert OURS.search(rule["expr"]) or "up{" in rule["expr"], rule["alert"]


def test_the_manual_names_what_is_measured_and_nothing_else(metered: Flask) -> None:
    names = {name for name, *_ in scraped(metered)}
    assert set(OURS.findall((RULES.parents[2] / "docs" / "operations.md").read_text())) == names
