"""An owner says in Evotor's cabinet which account is theirs, and Evotor delivers the token: in whatever order."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.models import AccountEvent, CatalogStore, ConnectionState, EvotorConnection, EvotorKeptToken, SyncConfig, User
from app.services import locks
from app.services.accounts import throttle
from app.services.connections.evotor_webhooks import deliveries, user_tokens
from app.services.ops import keys, pruning
from app.tasks.sync import run_due
from tests.factories import PASSWORD, connect_both, make_active, make_user
from tests.support.clock import NOON, stop_at
from tests.support.sandbox import ACCOUNT, EVOTOR_OTHER_TOKEN, EVOTOR_TOKEN, Sandbox
from tests.support.webhooks import EMAIL, VERIFY, Webhooks

OTHER_ACCOUNT = "01-000000000067890"


@pytest.fixture
def evotor(app_on_each_database: Flask) -> Webhooks:
    return Webhooks(app_on_each_database.test_client())


@pytest.fixture(autouse=True)
def owner(app_on_each_database: Flask) -> User:
    return make_user(EMAIL)


def connection() -> EvotorConnection:
    """The owner's."""
    return db.session.scalars(sa.select(EvotorConnection).join(User).where(User.email == EMAIL)).one()


def kept() -> list[EvotorKeptToken]:
    return list(db.session.scalars(sa.select(EvotorKeptToken)))


def test_the_answer_names_the_user_and_a_token_for_their_data(evotor: Webhooks, owner: User) -> None:
    answer = evotor.verify()

    assert answer["userId"] == ACCOUNT and answer["hasBilling"] is False
    assert 32 <= len(answer["token"]) <= 128
    assert user_tokens.user_id_of(answer["token"]) == owner.id
    assert answer["token"] not in (connection().user_token_hash or "")


def test_doing_it_again_gives_the_same_token_and_no_second_word_in_the_record(evotor: Webhooks, owner: User) -> None:
    assert evotor.verify() == evotor.verify()

    kinds = db.session.scalars(sa.select(AccountEvent.kind).where(AccountEvent.user_id == owner.id)).all()
    assert kinds == ["registered", "evotor_connected"]


def test_a_wrong_password_links_nobody(evotor: Webhooks, owner: User) -> None:
    assert evotor.verify(401, password="wrong password")["errors"][0]["code"] == 1006
    assert evotor.verify(401, username="nobody@example.ru")["errors"][0]["code"] == 1006
    assert db.session.scalars(sa.select(EvotorConnection)).all() == []


def test_an_account_and_an_evotor_user_are_linked_to_no_second_one(evotor: Webhooks, owner: User) -> None:
    other = make_user("other@example.ru")
    evotor.verify()

    assert evotor.verify(409, username=other.email)["errors"][0]["code"] == 2004
    assert evotor.verify(409, userId=OTHER_ACCOUNT)["errors"][0]["code"] == 2004
    assert connection().linked_id == ACCOUNT


def test_guessing_in_one_cabinet_is_slowed_as_sign_in_and_locks_no_other_owner(evotor: Webhooks) -> None:
    make_user("other@example.ru")
    for _ in range(throttle.FREE_TRIES + 1):
        evotor.verify(401, password="wrong password")

    evotor.verify(429)
    evotor.verify(userId=OTHER_ACCOUNT, username="other@example.ru")


def test_a_locked_cabinet_hears_when_the_lock_ends(evotor: Webhooks, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_at(monkeypatch, NOON)
    for _ in range(throttle.FREE_TRIES + 1):
        evotor.verify(401, password="wrong password")

    answer = evotor.answer(VERIFY, {"userId": ACCOUNT, "username": EMAIL, "password": PASSWORD})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")


def test_one_cabinet_does_not_try_many_accounts(evotor: Webhooks) -> None:
    for number in range(throttle.FREE_TRIES_OF_SOURCE + 1):
        evotor.verify(401, username=f"somebody{number}@example.ru")

    evotor.verify(429)
    evotor.verify(userId=OTHER_ACCOUNT)


def test_a_token_after_the_link_is_stored_and_not_tried_in_the_request(
    evotor: Webhooks, owner: User, sandbox: Sandbox
) -> None:
    evotor.verify()
    evotor.token(EVOTOR_TOKEN)

    row = connection()
    assert (row.token, row.evotor_user_id, row.is_unchecked) == (EVOTOR_TOKEN, ACCOUNT, True)
    assert sandbox.calls() == 0


def test_a_token_before_the_link_waits_for_it(evotor: Webhooks, owner: User) -> None:
    evotor.token("an-older-token")
    evotor.token(EVOTOR_TOKEN)
    evotor.verify()

    assert connection().token == EVOTOR_TOKEN
    assert kept() == []


def test_a_kept_token_is_encrypted_and_follows_a_new_key(evotor: Webhooks) -> None:
    evotor.token(EVOTOR_TOKEN)

    raw = db.session.scalar(sa.text("SELECT token FROM evotor_kept_tokens"))
    assert EVOTOR_TOKEN not in raw
    assert keys.reencrypt() == (1, 0)


def test_a_token_that_nobody_was_linked_to_in_time_goes(
    evotor: Webhooks, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    evotor.token(EVOTOR_TOKEN)
    (row,) = kept()
    assert timedelta(days=6) < row.expires_at - utcnow() <= timedelta(days=7)
    db.session.execute(sa.update(EvotorKeptToken).values(expires_at=utcnow() - timedelta(seconds=1)))
    db.session.commit()

    assert pruning.prune(90)["kept_tokens"] == 1
    evotor.verify()
    assert connection().token is None


def test_a_kept_token_waits_on_where_its_owner_unlinks_at_that_moment(
    evotor: Webhooks, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlink(_user_id: int) -> None:
        db.session.execute(sa.update(EvotorConnection).values(linked_id=None))

    evotor.token(EVOTOR_TOKEN)
    monkeypatch.setattr(locks, "lock", unlink)
    deliveries.hand_over_kept(ACCOUNT)
    evotor.verify()

    assert connection().token is None and len(kept()) == 1


def test_a_kept_token_that_is_too_old_is_not_handed_over(evotor: Webhooks, owner: User) -> None:
    evotor.token(EVOTOR_TOKEN)
    db.session.execute(sa.update(EvotorKeptToken).values(expires_at=utcnow() - timedelta(seconds=1)))
    evotor.verify()

    assert connection().token is None and kept() == []


def test_the_next_pass_reads_the_catalog_of_somebody_who_is_not_enabled(evotor: Webhooks, owner: User) -> None:
    evotor.verify()
    evotor.token(EVOTOR_TOKEN)
    list(run_due())
    db.session.expire_all()

    assert db.session.scalar(sa.select(sa.func.count()).select_from(CatalogStore)) == 2
    assert connection().state == "ok" and connection().refresh_due_at is None


def test_a_token_that_evotor_refuses_is_found_out_and_not_tried_again(
    evotor: Webhooks, owner: User, sandbox: Sandbox
) -> None:
    evotor.verify()
    evotor.token("a-wrong-token")
    list(run_due())
    asked = sandbox.calls()
    list(run_due())

    assert connection().error_code == "evotor_unauthorized"
    assert sandbox.calls() == asked > 0


def test_delivering_the_stored_token_again_changes_nothing(evotor: Webhooks, owner: User) -> None:
    connect_both(owner)
    evotor.verify()
    before = connection().checked_at
    evotor.token(EVOTOR_TOKEN)

    assert (connection().checked_at, connection().state) == (before, "ok")


def test_the_token_of_another_account_switches_off_and_begins_anew(evotor: Webhooks, owner: User) -> None:
    make_active(connect_both(owner))
    evotor.verify(userId=OTHER_ACCOUNT)
    evotor.token(EVOTOR_OTHER_TOKEN, OTHER_ACCOUNT)

    config = db.session.scalars(sa.select(SyncConfig)).one()
    assert (config.is_enabled, config.confirmed_at) == (False, None)
    assert db.session.scalars(sa.select(CatalogStore)).all() == []
    assert connection().evotor_user_id == OTHER_ACCOUNT


@pytest.mark.parametrize("was_silent", [False, True])
def test_another_account_shows_by_its_stores_where_nobody_knew_whose_they_were(
    evotor: Webhooks, owner: User, was_silent: bool
) -> None:
    make_active(connect_both(owner))
    db.session.execute(sa.update(EvotorConnection).values(evotor_user_id=None))
    evotor.verify(userId=OTHER_ACCOUNT)
    evotor.token(EVOTOR_OTHER_TOKEN, OTHER_ACCOUNT)
    if was_silent:
        connection().note(ConnectionState.UNAVAILABLE, "evotor_unreachable", utcnow())
        db.session.commit()
    list(run_due())
    db.session.expire_all()

    assert db.session.scalars(sa.select(SyncConfig)).one().confirmed_at is None


def test_the_same_account_goes_on_with_a_new_token(evotor: Webhooks, owner: User, sandbox: Sandbox) -> None:
    make_active(connect_both(owner))
    sandbox.control("evotor/settings", tokens={"a-new-token": {"user_id": ACCOUNT}})
    evotor.verify()
    evotor.token("a-new-token")
    (outcome,) = run_due()

    assert outcome.succeeded and connection().token == "a-new-token"


def test_a_deleted_user_leaves_nothing_behind(evotor: Webhooks, owner: User) -> None:
    token = evotor.verify()["token"]
    evotor.token(EVOTOR_TOKEN)
    db.session.delete(owner)
    db.session.commit()

    assert db.session.scalars(sa.select(EvotorConnection)).all() == [] and kept() == []
    assert user_tokens.user_id_of(token) is None


@pytest.mark.parametrize("times", range(3))
def test_at_the_same_moment_only_one_account_gets_the_evotor_user(
    app_on_each_database: Flask, owner: User, times: int
) -> None:
    make_user("other@example.ru")
    bodies = [{"userId": ACCOUNT, "username": email, "password": PASSWORD} for email in (EMAIL, "other@example.ru")] * 3
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda body: _sent(app_on_each_database, VERIFY, body), bodies))
    db.session.expire_all()

    linked = db.session.scalars(sa.select(EvotorConnection).where(EvotorConnection.linked_id.is_not(None))).all()
    assert len(linked) == 1 and sorted(statuses) == [200, 200, 200, 409, 409, 409]


@pytest.mark.parametrize("times", range(3))
def test_link_and_token_at_the_same_moment_come_together(app_on_each_database: Flask, owner: User, times: int) -> None:
    verify = (VERIFY, {"userId": ACCOUNT, "username": EMAIL, "password": PASSWORD})
    token = ("user/token", {"userId": ACCOUNT, "token": EVOTOR_TOKEN})
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda one: _sent(app_on_each_database, *one), [verify, token, token, verify])) == {200}
    db.session.expire_all()

    assert connection().token == EVOTOR_TOKEN and kept() == []


def _sent(app: Flask, path: str, body: dict[str, str]) -> int:
    return Webhooks(app.test_client()).ask(path, body).status_code
