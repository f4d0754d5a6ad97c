"""flask sync: plan and run, against the sandbox."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.clock import utcnow
from app.db import db
from app.models import Listing, RunStatus, RunTrigger, SyncRun, SyncState, User
from tests.factories import make_active_owner, make_user
from tests.integration.cli.conftest import Shell
from tests.support.sandbox import EVOTOR_TOKEN, VK_TOKEN, Sandbox

EMAIL = "owner@example.ru"


@pytest.fixture
def owner(flask: Shell) -> User:
    return make_active_owner(EMAIL)


def run_statuses() -> list[str]:
    db.session.expire_all()
    return list(db.session.scalars(sa.select(SyncRun.status).order_by(SyncRun.id)))


# plan


def test_the_plan_has_the_fields_of_the_contract(flask: Shell, owner: User) -> None:
    answer = flask("sync", "plan", EMAIL)

    assert (answer.code, answer.err) == (0, "")
    assert list(answer.json) == ["counts", "skipped", "needs_approval", "fingerprint", "changes"]


def test_the_plan_counts_its_changes_by_action(flask: Shell, owner: User) -> None:
    plan = flask("sync", "plan", EMAIL).json

    actions = [change["action"] for change in plan["changes"]]
    assert plan["counts"] == {action: actions.count(action) for action in sorted(set(actions))}
    assert plan["counts"]["add"] > 0


def test_the_plan_changes_nothing_and_calls_nobody(flask: Shell, owner: User, sandbox: Sandbox) -> None:
    sandbox.control("calls/reset")
    first = flask("sync", "plan", EMAIL).out

    assert flask("sync", "plan", EMAIL).out == first
    assert sandbox.writes() == 0
    assert run_statuses() == [RunStatus.QUEUED]


def test_a_user_with_nothing_has_an_empty_plan(flask: Shell) -> None:
    make_user(EMAIL)
    plan = flask("sync", "plan", EMAIL).json

    assert (plan["counts"], plan["skipped"], plan["changes"]) == ({}, {}, [])


# run USER


def test_a_run_prints_its_outcome(flask: Shell, owner: User, sandbox: Sandbox) -> None:
    answer = flask("sync", "run", EMAIL)

    assert (answer.code, answer.json["outcome"], answer.json["email"]) == (0, "succeeded", EMAIL)
    assert answer.json["counts"]["add"]["done"] == len(sandbox.items())


def test_after_a_run_the_plan_is_empty(flask: Shell, owner: User) -> None:
    flask("sync", "run", EMAIL)

    assert flask("sync", "plan", EMAIL).json["changes"] == []


def test_a_user_who_is_not_active_is_exit_4(flask: Shell, sandbox: Sandbox) -> None:
    make_user(EMAIL)
    answer = flask("sync", "run", EMAIL)

    assert (answer.code, answer.json["outcome"]) == (4, "not_active")
    assert sandbox.items() == []


def test_a_second_worker_is_told_that_another_is_at_work(flask: Shell, owner: User, sandbox: Sandbox) -> None:
    db.session.execute(
        sa.update(SyncRun).values(
            status=RunStatus.RUNNING, worker="another", lease_until=utcnow() + timedelta(minutes=5)
        )
    )
    db.session.commit()

    answer = flask("sync", "run", EMAIL)

    assert (answer.code, answer.json["outcome"]) == (1, "already_running")
    assert sandbox.items() == []


def test_a_run_that_vk_stops_is_exit_1(flask: Shell, owner: User, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:5", "market.get")
    answer = flask("sync", "run", EMAIL)

    assert answer.code == 1
    assert answer.json["outcome"] in (RunStatus.STOPPED, RunStatus.FAILED)
    assert "Traceback" not in answer.err


def test_no_token_is_printed(flask: Shell, owner: User) -> None:
    answers = [flask("sync", "plan", EMAIL), flask("sync", "run", EMAIL), flask("sync", "run", "--due")]

    printed = "".join(answer.out + answer.err for answer in answers)
    assert EVOTOR_TOKEN not in printed
    assert VK_TOKEN not in printed


# run --due


def test_due_prints_a_line_for_every_user_who_was_due(flask: Shell, owner: User) -> None:
    answer = flask("sync", "run", "--due")

    assert answer.code == 0
    assert [(line["email"], line["outcome"]) for line in answer.lines] == [(EMAIL, "succeeded")]


def test_due_leaves_out_those_whose_time_has_not_come(flask: Shell, owner: User) -> None:
    flask("sync", "run", "--due")

    answer = flask("sync", "run", "--due")

    assert (answer.code, answer.out) == (0, "")


def test_due_takes_those_whose_time_has_come(flask: Shell, owner: User) -> None:
    flask("sync", "run", "--due")
    db.session.execute(sa.update(SyncState).values(next_run_at=utcnow() - timedelta(seconds=1)))
    db.session.commit()

    assert len(flask("sync", "run", "--due").lines) == 1


def test_due_leaves_out_those_who_are_not_active(flask: Shell) -> None:
    user = make_user(EMAIL)
    db.session.add(SyncRun(user_id=user.id, trigger=RunTrigger.MANUAL, status=RunStatus.QUEUED))
    db.session.commit()

    answer = flask("sync", "run", "--due")

    assert (answer.code, answer.out) == (0, "")


def test_a_users_trouble_does_not_fail_the_pass(flask: Shell, owner: User, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "error:5", "market.get")

    answer = flask("sync", "run", "--due")

    assert answer.code == 0
    assert [line["email"] for line in answer.lines] == [EMAIL]


# Brakes


def test_a_plan_that_waits_for_approval_has_its_own_exit_code(flask: Shell, owner: User, sandbox: Sandbox) -> None:
    assert flask("sync", "run", EMAIL).code == 0
    store = next(iter({row.store_id for row in db.session.scalars(sa.select(Listing))}))
    live = list(db.session.scalars(sa.select(Listing.product_id).where(Listing.state == "live")))
    sandbox.control("evotor/products", store=store, patch=[{"id": product_id, "price": 0} for product_id in live])
    sandbox.control("calls/reset")

    answer = flask("sync", "run", EMAIL)

    assert (answer.code, answer.json["outcome"]) == (6, "needs_approval")
    assert sandbox.writes() == 0
    plan = flask("sync", "plan", EMAIL).json
    assert plan["needs_approval"] is True
    assert plan["fingerprint"] == answer.json["fingerprint"]
    assert flask("sync", "run", "--due").code == 0


def test_history_is_pruned_by_age(flask: Shell, owner: User) -> None:
    flask("sync", "run", EMAIL)

    assert flask("sync", "prune", "--days", "1").json == {
        "runs": 0,
        "entries": 0,
        "approvals": 0,
        "events": 0,
        "sessions": 0,
        "vk_sign_ins": 0,
        "vk_pending": 0,
        "kept_tokens": 0,
        "mails": 0,
        "failures": 0,
        "photos": 0,
    }


@pytest.mark.parametrize("words", [("--days", "0"), ("--days", "soon"), ("more",)])
def test_prune_refuses_what_it_does_not_understand(flask: Shell, words: tuple[str, ...]) -> None:
    assert flask("sync", "prune", *words).is_refusal(2)
