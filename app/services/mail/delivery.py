"""Handing queued mails to the mail server, within a time that delays nobody."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy.exc import InterfaceError, OperationalError

from app.clients.budget import Budget
from app.clients.smtp import MailError, SmtpSession
from app.clock import utcnow
from app.context import settings
from app.db import db
from app.logs import get_logger, remember_secret
from app.models import MailKind, OutgoingMail, User
from app.services.errors import NotAnAddress
from app.services.mail import digest, letters, occasions, outbox, preferences, tokens
from app.services.mail.letters import Letter
from app.services.mail.messages import message_of

SECONDS = 20.0
"""For everything, however the server drips."""
BEGIN_WITHIN = 10.0
"""No mail is begun later: each gets the time that a slow server needs."""
BRIEFLY = 5.0
"""Where others wait for their runs: the server is reached, and the last mail begun, within it."""
SERVER_RESTS = timedelta(minutes=5)
"""After it took none."""
_LASTS = {
    MailKind.RESET_PASSWORD: tokens.RESET_FOR,
    MailKind.CONFIRM_EMAIL: tokens.CONFIRM_FOR,
    MailKind.WEEKLY_DIGEST: digest.WEEK,
}
"""Nobody waits longer for what they asked for, and no week is summed up after the next."""
_NOTICE_LASTS = occasions.DAY
"""Others go while what they tell is true, but no longer than until the next of their kind may be queued."""
INTERNAL, NO_ADDRESS = "internal", "no_address"

log = get_logger()


def open_session(budget: Budget) -> SmtpSession:
    """Raises MailError."""
    server = settings().mail_server
    remember_secret(server.password)
    return SmtpSession(
        server.host,
        server.port,
        is_tls=server.is_tls,
        user=server.user,
        password=server.password,
        hello=urlsplit(settings().public_url).hostname or "localhost",
        budget=budget,
    )


def send_now(letter: Letter, recipient: str) -> str:
    """What the mail server answered. Raises MailError."""
    with open_session(Budget(SECONDS)) as session:
        return session.send(message_of(letter, recipient), settings().mail_sender[1], recipient)


def hand_over(is_stopping: Callable[[], bool] = lambda: False, *, is_brief: bool = False) -> int:
    """How many mails the server took. Commits after each; what it did not take waits, and the log says so once.

    A brief turn is for the time between runs: nobody waits in it for a server that took none when it was last asked.
    """
    if not settings().has_mail or not (due := outbox.due()) or (is_brief and not outbox.is_server_trusted()):
        return 0
    with ExitStack() as closing:
        return _Delivery(closing, is_brief=is_brief).carry_out(due, is_stopping)


class _Delivery:
    """One go at what is due."""

    def __init__(self, closing: ExitStack, *, is_brief: bool) -> None:
        self._budget, self._closing, self._is_brief = Budget(SECONDS), closing, is_brief
        self._begin = Budget(BRIEFLY if is_brief else BEGIN_WITHIN)
        self._session: SmtpSession | None = None
        self.sent = 0

    def carry_out(self, due: Sequence[int], is_stopping: Callable[[], bool]) -> int:
        for mail_id in due:
            if is_stopping() or self._begin.is_spent:
                break
            if (mail := outbox.claim(mail_id)) is not None and not self._try(mail):
                break
        return self.sent

    def _try(self, mail: OutgoingMail) -> bool:
        """Whether the server takes others. One mail's trouble stays its own."""
        try:
            return self._hand_over(mail)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            db.session.rollback()
            log.exception("mail_not_sent", mail_id=mail.id, user_id=mail.user_id, kind=mail.kind)
            outbox.note_refused(mail, INTERNAL, permanent=False)
            return True

    def _hand_over(self, mail: OutgoingMail) -> bool:
        letter = _letter_of(mail)
        db.session.commit()  # no transaction is open while a server answers
        if letter is None:
            outbox.note_given_up(mail, outbox.NOT_NEEDED)
            return True
        try:
            message = message_of(letter, mail.address)
        except NotAnAddress:
            outbox.note_given_up(mail, NO_ADDRESS)
            log.warning("mail_not_sent", error=NO_ADDRESS, mail_id=mail.id, user_id=mail.user_id, kind=mail.kind)
            return True
        try:
            session = self._connected()
        except MailError as error:
            # a server that only did not come in time for a brief turn gets all of it after the runs
            return self._met(error, mail, is_its_try=False, rests=not self._is_brief)
        try:
            session.send(message, settings().mail_sender[1], mail.address)
        except MailError as error:
            return self._met(error, mail, is_its_try=not (error.is_of_all and error.status))
        outbox.note_sent(mail)
        self.sent += 1
        log.info("mail_sent", mail_id=mail.id, user_id=mail.user_id, kind=mail.kind)
        return True

    def _connected(self) -> SmtpSession:
        """The one connection of the pass, or another where the server ended that."""
        if self._session is None or not self._session.is_open:
            self._session = self._closing.enter_context(open_session(self._begin if self._is_brief else self._budget))
            self._session.allow(self._budget)  # a mail that is cut off may go out twice
        return self._session

    def _met(self, error: MailError, mail: OutgoingMail, *, is_its_try: bool, rests: bool = True) -> bool:
        facts = {"mail_id": mail.id, "user_id": mail.user_id, "kind": mail.kind, "status": error.status}
        if error.is_of_all:
            log.error("mail_server", error=str(error.blame), status=error.status)
        rests_until = utcnow() + SERVER_RESTS if error.is_of_all and rests else None
        if not is_its_try:
            outbox.give_back(mail, error.blame, rests_until)
            return False
        again = outbox.note_refused(mail, error.blame, permanent=error.permanent, rests_until=rests_until)
        log.warning("mail_not_sent", error=str(error.blame), next_try_at=again, **facts)
        return not error.is_of_all


def _letter_of(mail: OutgoingMail) -> Letter | None:
    """None where it is not needed any more."""
    user, kind = db.session.get(User, mail.user_id, populate_existing=True), MailKind(mail.kind)
    if user is None or user.email != mail.address or mail.tries > outbox.MOST_TRIES:  # whoever tried last was killed
        return None
    if mail.created_at + _LASTS.get(kind, _NOTICE_LASTS) <= utcnow():
        return None
    if kind in preferences.CHOSEN and outbox.was_sent_since(utcnow() - occasions.DAY, user.id, kind):
        return None
    return letters.letter_for(user, kind)
