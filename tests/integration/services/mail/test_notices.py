"""What owners are told of by themselves: found by the pass in what the engine left behind."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import utcnow
from app.db import db
from app.domain.rules import EntityType, FilterMode
from app.models import MailKind, OutgoingMail, User
from app.services.connections import vk
from app.services.mail import delivery, notices, preferences
from app.services.owner import switch
from app.tasks.sync import run_due
from tests.factories import connect_both, make_active, make_user
from tests.support import story
from tests.support.clock import TurnedClock, stop_at, turn
from tests.support.mail_server import MailServer, with_mail
from tests.support.sandbox import STORE, Sandbox
from tests.support.shop import Shop
from tests.support.statements import counted_statements

MONDAY_NOON = datetime(2026, 6, 15, 9)


@pytest.fixture
def dead(app_with_mail_on_each_database: Flask, sandbox: Sandbox) -> User:
    """An active owner whose key VK does not take any more, in a run that has just been."""
    owner = confirmed(make_user())
    story.ran(owner)
    story.ran_into(owner, sandbox, "vk", "auth")
    return owner


def confirmed(owner: User) -> User:
    owner.email_confirmed_at = utcnow()
    db.session.commit()
    return owner


def kinds() -> list[str]:
    return list(db.session.scalars(sa.select(OutgoingMail.kind).order_by(OutgoingMail.id)))


def moves_on(monkeypatch: pytest.MonkeyPatch, **span: float) -> None:
    stop_at(monkeypatch, utcnow() + timedelta(**span))


def test_a_dead_key_is_told(dead: User, mail_server: MailServer) -> None:
    notices.queue_due()
    delivery.hand_over()

    (taken,) = mail_server.taken
    assert taken.message["Subject"] == "ВК: нужно ваше участие"
    assert "ВК больше не принимает ваш ключ доступа." in taken.text
    assert taken.link == "http://localhost:8000/vk"


def test_the_same_is_told_again_only_after_a_week(
    dead: User, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(9):
        notices.queue_due()
        notices.queue_due()
        delivery.hand_over()
        moves_on(monkeypatch, days=1, minutes=1)

    assert kinds().count(MailKind.CONNECTION) == 2


def test_nobody_is_told_at_an_address_that_is_not_confirmed(dead: User) -> None:
    dead.email_confirmed_at = None
    db.session.commit()

    assert notices.queue_due() == 0


def test_nobody_is_told_what_they_do_not_want(dead: User) -> None:
    preferences.choose(dead, ())
    db.session.commit()

    assert notices.queue_due() == 0


def test_whoever_does_not_want_to_hear_costs_a_pass_no_statement(dead: User) -> None:
    preferences.choose(dead, ())
    db.session.commit()
    with counted_statements() as with_trouble:
        notices.queue_due()
    switch.toggle(dead, False)
    db.session.commit()
    with counted_statements() as without:
        notices.queue_due()

    assert len(with_trouble) == len(without)


def test_another_death_within_the_week_is_told(dead: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    notices.queue_due()
    db.session.execute(sa.update(OutgoingMail).values(sent_at=utcnow(), next_try_at=None))
    moves_on(monkeypatch, days=2)
    vk.check_vk(dead)
    db.session.commit()
    story.ran_into(dead, sandbox, "vk", "auth")

    assert notices.queue_due() == 1


def test_nobody_is_told_of_a_sync_that_is_switched_off(dead: User) -> None:
    switch.toggle(dead, False)
    db.session.commit()

    assert notices.queue_due() == 0


def test_what_is_settled_when_the_mail_goes_out_is_not_told(dead: User, mail_server: MailServer) -> None:
    notices.queue_due()
    vk.check_vk(dead)
    db.session.commit()
    delivery.hand_over()
    assert not mail_server.taken


def test_what_was_settled_for_a_moment_is_told_when_it_is_back(
    dead: User, sandbox: Sandbox, mail_server: MailServer
) -> None:
    notices.queue_due()
    vk.check_vk(dead)
    db.session.commit()
    delivery.hand_over()
    story.ran_into(dead, sandbox, "vk", "auth")

    assert notices.queue_due() == 1


def test_a_day_without_a_good_run_is_told(
    app_with_mail_on_each_database: Flask, sandbox: Sandbox, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.ran(confirmed(make_user()))
    assert notices.queue_due() == 0
    moves_on(monkeypatch, days=1, minutes=1)

    assert notices.queue_due() == 1
    delivery.hand_over()
    assert mail_server.taken[0].link == "http://localhost:8000/sync"


def test_whoever_knows_the_reason_is_not_told_of_the_day(dead: User, monkeypatch: pytest.MonkeyPatch) -> None:
    moves_on(monkeypatch, days=1, minutes=1)
    notices.queue_due()

    assert kinds() == [MailKind.CONNECTION]


def test_a_plan_that_waits_is_told_and_an_approved_one_not(
    app_with_mail: Flask, shop: Shop, mail_server: MailServer
) -> None:
    with_mail(app_with_mail, mail_server.url())
    confirmed(shop.owner)
    for number in range(4, 9):
        shop.put(f"P{number}", price=100)
    shop.run()
    for number in range(1, 9):
        shop.put(f"P{number}", price=9_999)
    assert shop.run().status == "needs_approval"

    assert notices.queue_due() == 1
    story.queued(shop.owner)
    delivery.hand_over()
    assert not mail_server.taken


def prices_slip(shop: Shop) -> None:
    for number in range(1, 9):
        shop.put(f"P{number}", price=9_999)


def most_leaves(shop: Shop) -> None:
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, *(f"P{number}" for number in range(1, 8)))


def much_comes(shop: Shop) -> None:
    shop.fill(30)
    shop.rule(EntityType.PRODUCT, FilterMode.EXCLUDE, "P1")


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (prices_slip, "Цена изменится в 10 раз или ещё сильнее у товаров: 8 из 8, которые сейчас видны в ВК."),
        (most_leaves, "Скроется товаров: 7 из 8, которые сейчас видны в ВК."),
        (much_comes, "После изменения фильтров в ВК добавится новых товаров: 30."),
    ],
)
def test_a_plan_that_waits_is_told_with_what_holds_it(
    app_with_mail: Flask, shop: Shop, mail_server: MailServer, deed: Callable[[Shop], None], said: str
) -> None:
    with_mail(app_with_mail, mail_server.url())
    confirmed(shop.owner)
    for number in range(4, 9):
        shop.put(f"P{number}", price=100)
    shop.run()
    deed(shop)
    assert shop.run().status == "needs_approval"
    notices.queue_due()
    delivery.hand_over()

    (taken,) = mail_server.taken
    words = " ".join(taken.text.split())
    others = {"Цена", "Скроется", "добавится"} - {word for word in ("Цена", "Скроется", "добавится") if word in said}
    assert said in words and not any(other in words for other in others)


def test_a_week_is_summed_up_on_monday_for_whoever_wants_it(
    app_with_mail: Flask, sandbox: Sandbox, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = confirmed(make_user())
    story.ran(owner)
    turn(monkeypatch, TurnedClock(MONDAY_NOON))
    assert notices.queue_due() == 0
    preferences.choose(owner, [MailKind.WEEKLY_DIGEST])
    db.session.commit()

    assert [notices.queue_due(), notices.queue_due()] == [1, 0]
    turn(monkeypatch, TurnedClock(MONDAY_NOON + timedelta(days=1)))
    assert notices.queue_due() == 0


def test_a_week_is_told_in_numbers(
    app_with_mail_on_each_database: Flask, sandbox: Sandbox, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn(monkeypatch, TurnedClock(MONDAY_NOON))
    owner = confirmed(make_user())
    preferences.choose(owner, [MailKind.WEEKLY_DIGEST])
    story.ran(owner)
    notices.queue_due()
    delivery.hand_over()

    said = " ".join(mail_server.taken[0].text.split())
    assert "добавлено: 9, изменено: 0, снова показано: 0, скрыто: 0, удалено: 0." in said
    assert "Ничего не ждёт обновления." in said


def test_a_pass_tells_and_hands_over(dead: User, mail_server: MailServer) -> None:
    assert list(run_due()) == [] and len(mail_server.taken) == 1


def test_a_mail_server_that_is_away_delays_no_run(app_with_mail: Flask, mail_server: MailServer) -> None:
    owner = make_active(connect_both(confirmed(make_user())), STORE)
    mail_server.stop()

    assert [outcome.user_id for outcome in run_due()] == [owner.id]
