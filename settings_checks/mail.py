"""The mail server and the sender, as one line of the environment writes them."""

import re
from urllib.parse import unquote, urlsplit

import msgspec

from settings_checks.addresses import HOST, host_of
from settings_checks.errors import SettingsError

_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")


class MailServer(msgspec.Struct, frozen=True):
    """Where mails are handed over."""

    host: str
    port: int
    is_tls: bool
    """From the first byte on, not only after STARTTLS."""
    user: str
    password: str

    def __repr__(self) -> str:
        return f"MailServer({self.host!r}, {self.port})"


def mail_server(url: str) -> MailServer:
    try:
        parts = urlsplit(url)
        host, port = host_of(parts).strip("[]"), parts.port
    except ValueError:
        raise SettingsError("SMTP_URL: not an address such as smtp://user:password@host:587") from None
    has_more = parts.path not in ("", "/") or parts.query or parts.fragment
    if parts.scheme not in ("smtp", "smtps") or has_more or port == 0:
        raise SettingsError("SMTP_URL: smtp:// or smtps://, credentials and host alone; a @ or / in them is %40 or %2F")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) is not bool(password):
        raise SettingsError("SMTP_URL: a user needs a password, and the other way round")
    if not (user + password).isascii() or not (user + password).isprintable():
        raise SettingsError("SMTP_URL: user and password can be ASCII only")
    is_tls = parts.scheme == "smtps"
    return MailServer(host, port or (465 if is_tls else 587 if user else 25), is_tls, user, password)


def mail_sender(text: str) -> tuple[str, str]:
    from email.utils import parseaddr

    name, address = parseaddr(text)
    local, _, domain = address.rpartition("@")
    try:
        host = domain.encode("idna").decode().lower()
    except ValueError:
        host = ""
    if not (text.isprintable() and _MAILBOX.fullmatch(local) and HOST.fullmatch(host)):
        raise SettingsError("MAIL_FROM: not an address such as evosync@example.ru or EvoSync <evosync@example.ru>")
    return name, f"{local}@{host}"
