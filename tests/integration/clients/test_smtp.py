"""Handing over to a real mail server, with and without encryption and login."""

import socket
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from app.clients.budget import Budget
from app.clients.smtp import Blame, MailError, SmtpSession
from tests.support.mail_server import SECRET, USER, MailServer, certificate

ME, YOU = "evosync@example.ru", "owner@example.ru"


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    return certificate(tmp_path, "127.0.0.1")


@pytest.fixture
def trusted(proof: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSL_CERT_FILE", str(proof))
    return proof


def session(server: MailServer, user: str = "", password: str = "", seconds: float = 10) -> SmtpSession:
    return SmtpSession(
        "127.0.0.1",
        server.port,
        is_tls=server.is_tls,
        user=user,
        password=password,
        hello="evosync.example.ru",
        budget=Budget(seconds),
    )


def send(server: MailServer, user: str = "", password: str = "", to: str = YOU, seconds: float = 10) -> str:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Товары", ME, to
    message.set_content("Ждут обновления: 26.")
    with session(server, user, password, seconds) as opened:
        return opened.send(message, ME, to)


def refusal(server: MailServer, user: str = "", password: str = "", to: str = YOU) -> MailError:
    with pytest.raises(MailError) as refused:
        send(server, user, password, to)
    return refused.value


def test_the_server_s_answer_is_told(mail_server: MailServer) -> None:
    assert send(mail_server.start()) == "250 2.0.0 Ok: queued as 4F1C"
    assert mail_server.taken[0].text.strip() == "Ждут обновления: 26."


@pytest.mark.parametrize(
    ("command", "answer", "blame", "is_permanent"),
    [
        ("RCPT", "550 5.1.1 no such user", Blame.RECIPIENT, True),
        ("RCPT", "452 4.2.2 mailbox full", Blame.RECIPIENT, False),
        ("RCPT", "554 5.7.1 relay denied", Blame.RECIPIENT, False),
        ("RCPT", "530 5.7.0 log in first", Blame.LOGIN, False),
        ("MAIL", "553 5.7.1 not your address", Blame.SENDER, False),
        ("MAIL", "451 4.7.1 later", Blame.SERVER, False),
        ("DATA", "554 5.6.0 looks like spam", Blame.MESSAGE, False),
    ],
)
def test_a_refusal_says_whose_it_is(
    mail_server: MailServer, command: str, answer: str, blame: Blame, is_permanent: bool
) -> None:
    mail_server.start().answers = {command: answer}
    error = refusal(mail_server)
    assert (error.blame, error.permanent, error.answer) == (blame, is_permanent, answer)


def test_credentials_go_to_a_proved_server_over_tls_alone(mail_server: MailServer, trusted: Path) -> None:
    send(mail_server.start(trusted, has_login=True), USER, SECRET)
    assert (mail_server.taken[0].is_encrypted, mail_server.taken[0].user) == (True, USER)


def test_credentials_stay_here_where_no_starttls_is_offered(mail_server: MailServer) -> None:
    assert refusal(mail_server.start(has_login=True), USER, SECRET).blame is Blame.ENCRYPTION
    assert mail_server.said == []


def test_credentials_stay_here_where_nobody_vouches_for_the_server(mail_server: MailServer, proof: Path) -> None:
    assert refusal(mail_server.start(proof, has_login=True), USER, SECRET).blame is Blame.ENCRYPTION
    assert mail_server.said == []


def test_credentials_stay_here_where_the_certificate_names_another(
    mail_server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = certificate(tmp_path, "192.0.2.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(foreign))
    assert refusal(mail_server.start(foreign, has_login=True), USER, SECRET).blame is Blame.ENCRYPTION
    assert mail_server.said == []


def test_without_credentials_starttls_is_taken_as_it_comes(mail_server: MailServer, proof: Path) -> None:
    send(mail_server.start(proof))
    assert mail_server.taken[0].is_encrypted


def test_smtps_is_encrypted_from_the_first_byte_on(mail_server: MailServer, trusted: Path) -> None:
    send(mail_server.start(trusted, is_tls=True, has_login=True), USER, SECRET)
    assert mail_server.taken[0].user == USER


def test_smtps_asks_for_a_certificate_also_without_credentials(mail_server: MailServer, proof: Path) -> None:
    assert refusal(mail_server.start(proof, is_tls=True)).blame is Blame.ENCRYPTION


def test_a_wrong_password_is_told_without_it(mail_server: MailServer, trusted: Path) -> None:
    error = refusal(mail_server.start(trusted, has_login=True), USER, "wrong password")
    assert error.blame is Blame.LOGIN and error.status == 535
    assert "wrong password" not in f"{error!r} {error.answer}"


def test_a_server_that_knows_no_login_is_told(mail_server: MailServer, trusted: Path) -> None:
    assert refusal(mail_server.start(trusted), USER, SECRET).blame is Blame.LOGIN


@pytest.mark.parametrize("command", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_connection_that_breaks_off_is_told(mail_server: MailServer, command: str) -> None:
    mail_server.start().drops_at = command
    assert refusal(mail_server).blame is Blame.SERVER


@pytest.mark.parametrize("command", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_server_that_hangs_is_left_when_the_time_is_over(mail_server: MailServer, command: str) -> None:
    mail_server.start().hangs_at = command
    with pytest.raises(MailError) as refused:
        send(mail_server, seconds=0.5)
    assert (refused.value.blame, refused.value.answer) == (Blame.SERVER, "no answer in time")


@pytest.fixture
def dripping() -> Iterator[int]:
    """The port of a server that says one sign of its greeting after another, and never all of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                while not ended.wait(0.05):
                    try:
                        connection.sendall(b"2")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        yield listener.getsockname()[1]
        ended.set()
        thread.join()


def test_a_server_that_drips_is_left_when_the_time_is_over(dripping: int) -> None:
    with pytest.raises(MailError) as refused:
        send(MailServer(port=dripping), seconds=0.5)
    assert refused.value.answer == "no answer in time"


def test_nobody_at_the_port_is_told(mail_server: MailServer) -> None:
    mail_server.start()
    mail_server.stop()
    assert refusal(mail_server).blame is Blame.SERVER


def test_letters_before_the_at_sign_go_where_the_server_takes_them(mail_server: MailServer) -> None:
    send(mail_server.start(), to="почта@example.ru")
    assert mail_server.taken[0].recipients == ["почта@example.ru"]


def test_letters_before_the_at_sign_are_no_address_where_the_server_takes_none(mail_server: MailServer) -> None:
    error = refusal(mail_server.start(takes_utf8=False), to="почта@example.ru")
    assert (error.blame, error.permanent) == (Blame.RECIPIENT, True)


def test_what_a_server_answers_steers_no_terminal(mail_server: MailServer) -> None:
    mail_server.start().answers = {"DATA": "554 \x1b[31mno\x07 " + "x" * 400}
    answer = refusal(mail_server).answer
    assert answer.startswith("554 [31mno xxx") and len(answer) == 300
