"""SMTP_URL and MAIL_FROM."""

import pytest

from config import MailServer, load_settings
from tests.support.settings import SECRETS, refusal

FROM = {"MAIL_FROM": "EvoSync <evosync@example.ru>"}


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("smtp://localhost", MailServer("localhost", 25, False, "", "")),
        ("smtp://shop:secret@mail.example.ru", MailServer("mail.example.ru", 587, False, "shop", "secret")),
        ("smtps://shop:secret@mail.example.ru/", MailServer("mail.example.ru", 465, True, "shop", "secret")),
        ("smtp://a%40b.ru:p%2Fw%3A@Почта.рф:2525", MailServer("xn--80a1acny.xn--p1ai", 2525, False, "a@b.ru", "p/w:")),
        ("smtp://[::1]:25", MailServer("::1", 25, False, "", "")),
    ],
)
def test_a_mail_server_is_read_from_its_address(url: str, read: MailServer) -> None:
    settings = load_settings(SECRETS | FROM | {"SMTP_URL": url})
    assert settings.has_mail and settings.mail_server == read


@pytest.mark.parametrize(
    "url",
    [
        *("mail.example.ru", "http://mail.example.ru", "smtp://:25", "smtp://mail..ru", "smtp://mail.ru:x"),
        *(
            "smtp://mail.ru:0",
            "smtp://mail.ru:99999",
            "smtp://mail.ru/inbox",
            "smtp://mail.ru?tls=1",
            "smtp://mail.ru#x",
        ),
        *("smtp://shop@mail.ru", "smtp://:hidden@mail.ru", "smtp://shop:па-роль@mail.ru", "smtp://shop:a%0Ab@mail.ru"),
        *("smtp://shop:pa/ss@mail.ru", "smtp://[::1"),
    ],
)
def test_a_wrong_address_of_a_mail_server_stops_the_start_and_is_not_told(url: str) -> None:
    said = refusal(SECRETS | FROM | {"SMTP_URL": url})
    assert said.startswith("SMTP_URL: ") and "\n" not in said
    assert url not in said and "hidden" not in said and "pa/ss" not in said


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("evosync@example.ru", ("", "evosync@example.ru")),
        ("Витрина <evosync@Пример.рф>", ("Витрина", "evosync@xn--e1afmkfd.xn--p1ai")),
        ('"EvoSync, почта" <a+b@example.ru>', ("EvoSync, почта", "a+b@example.ru")),
    ],
)
def test_the_sender_is_an_address_with_or_without_a_name(written: str, read: tuple[str, str]) -> None:
    assert load_settings(SECRETS | {"MAIL_FROM": written}).mail_sender == read


@pytest.mark.parametrize(
    "written",
    ["Shop", "shop@", "@shop.ru", "почта@example.ru", "a@b..ru", "a b@example.ru", "a@x.ru\nBcc: b@x.ru"],
)
def test_a_wrong_sender_stops_the_start(written: str) -> None:
    said = refusal(SECRETS | {"SMTP_URL": "smtp://localhost", "MAIL_FROM": written})
    assert said.startswith("MAIL_FROM: ") and written not in said


def test_a_mail_server_needs_a_sender() -> None:
    assert refusal(SECRETS | {"SMTP_URL": "smtp://localhost"}).startswith("MAIL_FROM: ")


def test_without_a_mail_server_there_is_no_mail() -> None:
    assert not load_settings(SECRETS | FROM).has_mail


def test_a_mail_server_does_not_show_its_password() -> None:
    settings = load_settings(SECRETS | FROM | {"SMTP_URL": "smtp://shop:secret@mail.example.ru"})
    assert "secret" not in repr(settings) + repr(settings.mail_server)
