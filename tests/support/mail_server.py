"""A real mail server on this machine that does what a test says: takes mails, refuses, hangs, breaks off."""
# ruff: noqa: N802  # the library's names for what it calls

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask

USER, SECRET = "shop", "p@ss/word of the mail server"
SENDER = "evosync@example.ru"


@dataclass
class Taken:
    """A mail that the server took."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    is_encrypted: bool
    user: str | None

    def part(self, kind: str) -> str:
        body = self.message.get_body((kind,))
        assert body is not None
        text: str = body.get_content()
        return text

    @property
    def text(self) -> str:
        return self.part("plain")

    @property
    def link(self) -> str:
        """The one that says what to do."""
        return next(line for line in self.text.splitlines() if line.startswith("http"))


@dataclass
class MailServer:
    """`answers` to commands by their names, in place of the usual ones; `hangs_at` and `drops_at` name one."""

    answers: dict[str, str] = field(default_factory=dict)
    hangs_at: str = ""
    drops_at: str = ""
    on_data: Callable[[], None] = lambda: None
    taken: list[Taken] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Commands, in their order."""
    said: list[str] = field(default_factory=list)
    """Passwords that came, in whatever way."""
    is_tls: bool = False
    port: int = 0
    _controller: Any = None

    def start(
        self, certificate: Path | None = None, *, is_tls: bool = False, has_login: bool = False, takes_utf8: bool = True
    ) -> "MailServer":
        """With a certificate it offers STARTTLS, or `is_tls` speaks TLS from the first byte on."""
        context = None
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)
        self.port, self.is_tls = self.port or _free_port(), is_tls
        options: dict[str, Any] = {"ssl_context": context} if is_tls else {"tls_context": context}
        if has_login:
            options |= {"authenticator": self._logs_in, "auth_require_tls": False}
        self._controller = Controller(
            self, "127.0.0.1", self.port, ready_timeout=10, enable_SMTPUTF8=takes_utf8, **options
        )
        self._controller.start()
        self.asked.clear()
        return self

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop(no_assert=True)
        self._controller = None

    def url(self, credentials: str = "") -> str:
        return f"{'smtps' if self.is_tls else 'smtp'}://{credentials}127.0.0.1:{self.port}"

    def _logs_in(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.said.append(data.password.decode())
        is_right = (data.login.decode(), data.password.decode()) == (USER, SECRET)
        return AuthResult(success=is_right, handled=False, auth_data=data)

    async def _at(self, command: str, server: SMTP) -> str:
        self.asked.append(command)
        if self.hangs_at == command:
            await asyncio.sleep(60)
        if self.drops_at == command:
            transport: Any = server.transport
            transport.abort()
        return self.answers.get(command, "")

    async def handle_EHLO(
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        await self._at("EHLO", server)
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from, envelope.mail_options = address, options
        return await self._at("MAIL", server) or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = await self._at("RCPT", server) or self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await self._at("DATA", server)
        self.on_data()
        if answer or self.drops_at == "DATA":
            return answer
        content = envelope.original_content or b""
        message: Any = BytesParser(policy=default).parsebytes(content)
        user = session.auth_data.login.decode() if session.auth_data else None
        is_encrypted = session.ssl is not None or self.is_tls
        self.taken.append(Taken(envelope.mail_from or "", envelope.rcpt_tos, message, is_encrypted, user))
        return "250 2.0.0 Ok: queued as 4F1C"


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def certificate(folder: Path, *names: str) -> Path:
    """Vouched for by itself alone: whoever is to trust it is told to (SSL_CERT_FILE)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the mail server of the tests")])
    begin = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(ip)) for ip in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail-server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def with_mail(app: Flask, url: str) -> None:
    """From here on the application hands its mails over there."""
    settings = app.extensions["settings"]
    changed = {"smtp_url": url, "mail_from": f"EvoSync <{SENDER}>"}
    app.extensions["settings"] = msgspec.structs.replace(settings, **changed)
