"""Handing mails to a mail server: within a time for all of it, and with an error that says what was refused."""

import io
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from enum import StrEnum
from types import TracebackType
from typing import Any

from app.clients.bounded import TimedSocketReader
from app.clients.budget import Budget

CONNECT_SECONDS = 5.0
"""For each address that the server's name has."""
LONGEST_ANSWER = 300
_ABOUT_US = (530, 534, 535, 538)
"""Codes that ask for another login, at whatever point they come."""
_POLICY = re.compile(r"5\.7\.")
"""Begins an enhanced code (RFC 3463): who may send what, not whether the mailbox is there."""


class Blame(StrEnum):
    """What a mail did not get past."""

    SERVER = "mail_server"
    """It was not reached, broke off, or took too long."""
    ENCRYPTION = "mail_encryption"
    """There is no STARTTLS, or a certificate that nobody vouches for."""
    LOGIN = "mail_login"
    SENDER = "mail_sender"
    RECIPIENT = "mail_recipient"
    MESSAGE = "mail_message"


class MailError(Exception):
    """The mail was not taken, as far as we know.

    `permanent`: the mailbox is not there and will not be. `answer` is one line of the server's; it may name addresses.
    """

    def __init__(self, blame: Blame, *, answer: str = "", status: int | None = None, permanent: bool = False) -> None:
        super().__init__(str(blame))
        self.blame, self.answer, self.status, self.permanent = blame, answer, status, permanent

    @property
    def is_of_all(self) -> bool:
        """Any other mail would meet the same."""
        return self.blame not in (Blame.RECIPIENT, Blame.MESSAGE)


class _BoundedSMTP(smtplib.SMTP):
    """Whatever a server does, or leaves, ends with the budget."""

    last_answer = ""
    budget: Budget

    def begin(self, host: str, port: int, budget: Budget) -> None:
        self.budget = budget
        self._host = host  # whose certificate it has to be
        code, reply = self.connect(host, port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, reply)

    def _get_socket(self, host: str, port: int, _timeout: float) -> socket.socket:
        failure: OSError = ConnectionError("no address")
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                return socket.create_connection((str(address[0]), port), min(CONNECT_SECONDS, self._left()))
            except OSError as error:
                failure = error
        raise failure

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is not None:
            self.sock.settimeout(self._left())
        if self.sock is not None and self.file is None:
            raw: Any = self.sock.makefile("rb", buffering=0)
            self.file = io.BufferedReader(TimedSocketReader(raw, self.sock))
        code, reply = super().getreply()
        self.last_answer = one_line(code, reply)
        return code, reply

    def send(self, s: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self._left())
        super().send(s)

    def _left(self) -> float:
        if self.budget.is_spent:
            raise TimeoutError
        return self.budget.left


class _BoundedSMTPS(smtplib.SMTP_SSL, _BoundedSMTP):
    """TLS from the first byte on."""


class SmtpSession:
    """One connection for several mails. Whoever opens it closes it. Raises MailError."""

    def __init__(
        self, host: str, port: int, *, is_tls: bool, user: str, password: str, hello: str, budget: Budget
    ) -> None:
        """`hello`: how we call ourselves. With credentials nothing goes out unencrypted, or to a server that cannot
        prove its name; without them STARTTLS is taken as it comes, as there is nobody to hide the mail from a server
        that could as well not offer it.
        """
        self._smtp: _BoundedSMTP
        if is_tls:
            self._smtp = _BoundedSMTPS(local_hostname=hello, context=ssl.create_default_context())
        else:
            self._smtp = _BoundedSMTP(local_hostname=hello)
        try:
            with _told():
                self._smtp.begin(host, port, budget)
                self._smtp.ehlo_or_helo_if_needed()
                if not is_tls:
                    self._encrypt(is_required=bool(user))
            if user:
                with _told(Blame.LOGIN):
                    self._smtp.login(user, password)
        except BaseException:
            self._smtp.close()
            raise

    def _encrypt(self, *, is_required: bool) -> None:
        if self._smtp.has_extn("starttls"):
            self._smtp.starttls(context=ssl.create_default_context() if is_required else _unproven())
            self._smtp.ehlo_or_helo_if_needed()
        elif is_required:
            raise MailError(Blame.ENCRYPTION)

    @property
    def is_open(self) -> bool:
        return self._smtp.sock is not None

    def allow(self, budget: Budget) -> None:
        """From here on, this time instead of the one that it was opened with."""
        self._smtp.budget = budget

    def send(self, message: EmailMessage, sender: str, recipient: str) -> str:
        """The server's answer, in one line, once the mail is its own. Raises MailError."""
        with _told():
            try:
                self._smtp.send_message(message, sender, [recipient])
            except smtplib.SMTPNotSupportedError:  # letters that are not ASCII before the @
                raise MailError(Blame.RECIPIENT, permanent=True) from None
            return self._smtp.last_answer

    def close(self) -> None:
        """Without waiting for a goodbye."""
        if self.is_open:
            with suppress(OSError):
                self._smtp.putcmd("quit")
            self._smtp.close()

    def __enter__(self) -> "SmtpSession":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


def _unproven() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def _told(otherwise: Blame = Blame.SERVER) -> Iterator[None]:
    """What the library raises as a MailError, without what the library's error holds."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        ((code, reply),) = error.recipients.values()
        raise _refused(Blame.RECIPIENT, code, reply) from None
    except smtplib.SMTPResponseException as error:
        blame = next((blame for kind, blame in _BLAMED.items() if isinstance(error, kind)), otherwise)
        raise _refused(blame, error.smtp_code, error.smtp_error) from None
    except (OSError, UnicodeError) as error:  # the library's own errors are OSErrors
        raise _failed(error, otherwise) from None


_BLAMED: dict[type[smtplib.SMTPResponseException], Blame] = {
    smtplib.SMTPSenderRefused: Blame.SENDER,
    smtplib.SMTPDataError: Blame.MESSAGE,
    smtplib.SMTPAuthenticationError: Blame.LOGIN,
}


def _failed(error: Exception, otherwise: Blame) -> MailError:
    """Without an answer of the server's."""
    if isinstance(error, ssl.SSLError) and not isinstance(error, TimeoutError):
        return MailError(Blame.ENCRYPTION, answer=(error.reason or "").replace("_", " ").lower())
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return MailError(Blame.SERVER, answer="no answer in time")
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return MailError(Blame.SERVER, answer="the connection broke off")
    if isinstance(error, smtplib.SMTPException):
        return MailError(otherwise, answer="what this takes is not offered")
    return MailError(Blame.SERVER, answer=(getattr(error, "strerror", None) or "").lower())


def _refused(blame: Blame, code: int, reply: bytes | str) -> MailError:
    answer = one_line(code, reply)
    if code in _ABOUT_US:
        blame = Blame.LOGIN
    elif blame is Blame.SENDER and code < 500:  # «later», whoever it comes from
        blame = Blame.SERVER
    is_gone = blame is Blame.RECIPIENT and 500 <= code < 600 and not _POLICY.match(answer.partition(" ")[2])
    return MailError(blame, answer=answer, status=code, permanent=is_gone)


def one_line(code: int, reply: bytes | str) -> str:
    """An answer as it may be shown: bounded, and without what steers a terminal."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    plain = "".join(char if char.isprintable() else " " for char in f"{code} {text}")
    return " ".join(plain.split())[:LONGEST_ANSWER]
