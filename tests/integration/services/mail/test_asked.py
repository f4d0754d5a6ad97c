"""How often a mail goes to an address because somebody asks for it."""

import pytest
import sqlalchemy as sa

from app.db import db
from app.models import MailKind, OutgoingMail, SignInFailures, User
from app.services.accounts import users
from app.services.mail import confirmation, outbox, reset
from app.services.ops import pruning
from tests.factories import PASSWORD
from tests.support.clock import TurnedClock

ADDRESS = "stranger@example.ru"

pytestmark = pytest.mark.usefixtures("app_with_mail_on_each_database")


def registered_and_deleted() -> bool:
    """Whether a mail went out meanwhile."""
    user = users.register(ADDRESS, PASSWORD)
    went = confirmation.ask(user)
    db.session.commit()
    delete(user)
    return went


def delete(user: User) -> None:
    users.delete(user, PASSWORD, "192.0.2.1")
    db.session.expunge_all()  # the next account may get its number


def reset_goes() -> bool:
    reset.ask(ADDRESS)
    db.session.commit()
    newest = sa.select(OutgoingMail).order_by(OutgoingMail.id.desc()).limit(1)
    return db.session.scalars(newest).one().next_try_at is not None


def test_an_account_that_is_made_anew_again_and_again_floods_no_mailbox(clock: TurnedClock) -> None:
    assert [registered_and_deleted() for _ in range(3)] == [True, False, False]

    clock.move(minutes=6)
    assert registered_and_deleted()


def test_an_account_made_anew_gets_no_links_for_a_password_oftener(clock: TurnedClock) -> None:
    went = []
    for _ in range(2):
        user = users.register(ADDRESS, PASSWORD)
        went.append(reset_goes())
        delete(user)

    assert went == [True, False]


def test_who_asks_in_anothers_name_makes_them_wait_an_hour_at_most(clock: TurnedClock) -> None:
    users.register(ADDRESS, PASSWORD)
    went = []
    for _ in range(10):
        went.append(reset_goes())
        clock.move(minutes=6)
    assert went == [True] * 5 + [False] * 5

    clock.move(minutes=60)
    assert [reset_goes(), reset_goes()] == [True, False]


def test_the_ways_of_writing_an_address_share_its_mails(clock: TurnedClock) -> None:
    assert outbox.queue_asked(None, MailKind.RESET_PASSWORD, ADDRESS) is False
    users.register(ADDRESS, PASSWORD)
    reset.ask(f" {ADDRESS.upper()} ")

    assert {mail.next_try_at for mail in db.session.scalars(sa.select(OutgoingMail))} == {None}


def test_a_link_of_one_kind_does_not_keep_another_away(clock: TurnedClock) -> None:
    user = users.register(ADDRESS, PASSWORD)

    assert confirmation.ask(user) and reset_goes()


def test_what_an_address_was_sent_is_forgotten_after_a_day(clock: TurnedClock) -> None:
    reset.ask(ADDRESS)
    db.session.commit()
    assert ADDRESS not in db.session.scalars(sa.select(SignInFailures.account)).one()
    clock.move(days=1, seconds=1)

    assert pruning.prune(90)["failures"] == 1
