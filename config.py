"""Settings from the environment, read once and checked: a wrong value stops the start."""

import base64
import contextlib
import ipaddress
import math
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec
import sqlalchemy
from dotenv import dotenv_values
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent
INSTANCE = ROOT / "instance"

Positive = Annotated[float, msgspec.Meta(gt=0)]
Seconds = Annotated[int, msgspec.Meta(gt=0)]
Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+")]
RequestCounts = Annotated[str, msgspec.Meta(pattern=r"^(memory://$|rediss?://[^\s/]+|redis\+unix:///\S)")]

Contact = Annotated[str, msgspec.Meta(max_length=200)]

SECRET_LENGTH = 32
TOKEN_KEY_BYTES = 32
FARTHEST_MOVED = 10 * 366 * 24 * 60 * 60
"""Seconds. A clock that is years off helps no test."""
OTHERS = 0o077
"""The rights of everybody but the owner."""
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_TRIED_FIRST = re.compile(r"change.?me|replace.?me|secret|password|example|evosync|qwerty|1q2w3e")


class SettingsError(ValueError):
    """One line that names the setting and says what is wrong with it; never its value."""


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


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="upper"):
    """Defaults here are safe in production and fit to be public; secrets have none."""

    evosync_env: Literal["development", "production", "testing"] = "development"
    database_url: str = ""
    secret_key: str = ""
    token_keys: str = ""
    evotor_api_url: Url = "https://api.evotor.ru"
    evotor_webhook_secret: str = ""
    vk_api_url: Url = "https://api.vk.ru/method"
    vk_id_url: Url = "https://id.vk.ru"
    vk_client_id: Annotated[str, msgspec.Meta(pattern=r"^\d{0,20}$")] = ""
    vk_requests_per_second: Positive = 3
    evotor_requests_per_second: Positive = 5
    vk_batch_size: Annotated[int, msgspec.Meta(ge=1, le=25)] = 25
    vk_photo_batch_size: Annotated[int, msgspec.Meta(ge=1, le=10)] = 5
    vk_uploads_at_once: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3
    run_lease_seconds: Seconds = 300
    run_slice_seconds: Seconds = 600
    vk_read_lag_seconds: Seconds = 30
    remove_after_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 7
    sync_interval_minutes: Seconds = 15
    registration_open: bool = True
    public_url: Url = "http://localhost:8000"
    photo_dir: str = ""
    ratelimit_storage_uri: RequestCounts = "memory://"
    trusted_proxies: Annotated[int, msgspec.Meta(ge=0)] = 0
    smtp_url: str = ""
    mail_from: str = ""
    log_format: Literal["text", "json"] = "text"
    metrics_token: str = ""
    support_contact: Contact = ""
    evosync_clock: str = ""

    def __repr__(self) -> str:
        return f"Settings(evosync_env={self.evosync_env!r})"

    @property
    def is_production(self) -> bool:
        return self.evosync_env == "production"

    @property
    def key_ring(self) -> list[str]:
        """Fernet keys, newest first."""
        return [key.strip() for key in self.token_keys.split(",") if key.strip()]

    @property
    def has_mail(self) -> bool:
        return bool(self.smtp_url)

    @property
    def mail_server(self) -> MailServer:
        """Only where there is mail. Raises SettingsError."""
        return _mail_server(self.smtp_url)

    @property
    def mail_sender(self) -> tuple[str, str]:
        """Name, or nothing, and address. Raises SettingsError."""
        return _mail_sender(self.mail_from)


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The environment wins over `.env`; empty values count as absent. Raises SettingsError."""
    if environ is None:
        environ = {**os.environ, **_from_file(os.environ)}
    known = {field.encode_name for field in msgspec.structs.fields(Settings)}
    given = {name: value.strip() for name, value in environ.items() if name in known and value.strip()}
    try:
        settings = msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        raise SettingsError(f"{path.rstrip('`')}: {reason}") from None
    if settings.is_production and environ.get("FLASK_DEBUG", "").strip().lower() not in ("", "0", "false", "no"):
        raise SettingsError("FLASK_DEBUG: must be off in production")
    return _checked(_with_development_secrets(settings))


def load_or_exit() -> Settings:
    """For a process that begins: one line where a setting is wrong. What it makes from now on is its owner's alone."""
    os.umask(0o077)
    try:
        return load_settings()
    except SettingsError as error:
        sys.exit(f"evosync: {error}")


def _from_file(environ: Mapping[str, str]) -> dict[str, str]:
    """What `.env` says and the environment does not. A `${…}` in a value is part of the value.

    The `flask` command puts the file into the environment before us, with every `${…}` filled in: that is undone.
    """
    text = _text_of_file()
    filled, given = (dotenv_values(stream=StringIO(text), interpolate=interpolate) for interpolate in (True, False))
    return {
        name: value
        for name, value in given.items()
        if value is not None and environ.get(name) in (None, filled.get(name))
    }


def _text_of_file() -> str:
    try:
        # With the mark that some editors put before the first name.
        text = (ROOT / ".env").read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeError:
        raise SettingsError(".env: not text in UTF-8") from None
    except OSError:
        raise SettingsError(".env: cannot be read") from None
    if "\0" in text:  # UTF-16 whose letters are all Latin
        raise SettingsError(".env: not text in UTF-8")
    return text


def _with_development_secrets(settings: Settings) -> Settings:
    """Outside production a missing secret is made once and kept, so that a first start needs no reading."""
    made = {}
    if not settings.database_url:
        _private_folder(INSTANCE)
        made["database_url"] = f"sqlite:///{INSTANCE / 'evosync.db'}"
    if not settings.is_production:
        if not settings.secret_key:
            made["secret_key"] = _kept_secret("secret_key", lambda: secrets.token_urlsafe(48))
        if not settings.token_keys:
            made["token_keys"] = _kept_secret("token_keys", _new_token_key)
    return msgspec.structs.replace(settings, **made) if made else settings


def _kept_secret(name: str, make: Callable[[], str]) -> str:
    _private_folder(INSTANCE)
    path = INSTANCE / name
    if not path.exists():
        # Linked into place whole: of two processes that start together, one wins and both read the same.
        handle, draft = tempfile.mkstemp(dir=INSTANCE)
        with os.fdopen(handle, "w") as file:
            file.write(make())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        os.unlink(draft)
    return path.read_text().strip()


def _private_folder(path: Path) -> None:
    """For its owner alone, also where somebody made it otherwise before."""
    path.mkdir(mode=0o700, exist_ok=True)
    if path.stat().st_mode & OTHERS:
        with contextlib.suppress(PermissionError):
            path.chmod(0o700)


def _checked(settings: Settings) -> Settings:
    _check_token_keys(settings.key_ring)
    if not _has_port(settings.ratelimit_storage_uri):
        raise SettingsError("RATELIMIT_STORAGE_URI: not the address of a Redis")
    settings = msgspec.structs.replace(
        settings,
        database_url=database_address(settings.database_url),
        public_url=_origin(settings.public_url),
    )
    if settings.is_production:
        _check_for_production(settings)
    if settings.evosync_clock:
        _check_moved_clock(settings)
    _check_mail(settings)
    return msgspec.structs.replace(settings, photo_dir=str(_photo_dir(settings.photo_dir)))


def _check_token_keys(keys: list[str]) -> None:
    if not keys:
        raise SettingsError("TOKEN_KEYS: production needs at least one Fernet key")
    for key in keys:
        try:
            is_fernet = len(base64.urlsafe_b64decode(key)) == TOKEN_KEY_BYTES
        except ValueError:
            is_fernet = False
        if not is_fernet:
            raise SettingsError("TOKEN_KEYS: every key must be a Fernet key (32 bytes, url-safe base64)")


def _new_token_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(TOKEN_KEY_BYTES)).decode()


def _check_moved_clock(settings: Settings) -> None:
    if settings.is_production:
        raise SettingsError("EVOSYNC_CLOCK: only for tests; in production the clock is the machine's")
    try:
        seconds = float(Path(settings.evosync_clock).read_text())
    except (OSError, ValueError):
        seconds = math.inf
    if not abs(seconds) < FARTHEST_MOVED:
        raise SettingsError("EVOSYNC_CLOCK: not a file that holds a number of seconds")


def _check_for_production(settings: Settings) -> None:
    """Raises SettingsError for what is good enough to try things out and no better."""
    if len(settings.secret_key) < SECRET_LENGTH:
        raise SettingsError(f"SECRET_KEY: production needs a random secret of at least {SECRET_LENGTH} characters")
    if _is_guessable(settings.secret_key):
        raise SettingsError("SECRET_KEY: this one can be guessed; make a random one as .env.example shows")
    if any(_is_guessable(base64.urlsafe_b64decode(key).decode("latin-1")) for key in settings.key_ring):
        raise SettingsError("TOKEN_KEYS: one of them can be guessed; make a random one as .env.example shows")
    _check_webhook_secret(settings.evotor_webhook_secret)
    _check_metrics_token(settings.metrics_token)
    if travels_in_clear(settings.public_url):
        raise SettingsError("PUBLIC_URL: production needs https:// (http:// only for this machine itself)")


def _check_webhook_secret(secret: str) -> None:
    """A UUID, or login:password, of which the password counts. None at all is fine: then no webhook is answered."""
    counts = secret.partition(":")[2] or secret
    if secret and len(counts) < SECRET_LENGTH:
        raise SettingsError(f"EVOTOR_WEBHOOK_SECRET: needs at least {SECRET_LENGTH} characters, such as a UUID v4")
    if secret and _is_guessable(counts):
        raise SettingsError("EVOTOR_WEBHOOK_SECRET: this one can be guessed; make a random one as .env.example shows")


def _check_metrics_token(token: str) -> None:
    if token and (len(token) < SECRET_LENGTH or _is_guessable(token)):
        raise SettingsError(f"METRICS_TOKEN: needs at least {SECRET_LENGTH} characters, made at random")


def _is_guessable(secret: str) -> bool:
    """What begins a list of guesses: words, few signs again and again, rows such as 1234 or abcd."""
    text = secret.lower()
    triples = {text[at : at + 3] for at in range(len(text) - 2)}
    neighbours = sum(abs(ord(one) - ord(other)) <= 1 for one, other in pairwise(text))
    return _TRIED_FIRST.search(text) is not None or len(triples) < len(text) / 2 or neighbours > len(text) * 2 / 3


def travels_in_clear(url: str) -> bool:
    """Whether what is sent there can be read on the way: http, and not to this very machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = host == "localhost" or host.endswith(".localhost")
    return parts.scheme == "http" and not is_loopback


def _origin(url: str) -> str:
    """As browsers write it: lower case, ASCII, without the usual port. Raises SettingsError."""
    try:
        parts = urlsplit(url)
        host, port = _host(parts), parts.port
    except ValueError:
        raise SettingsError("PUBLIC_URL: not an address that a browser can open") from None
    if parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise SettingsError("PUBLIC_URL: scheme and host alone, such as https://evosync.example.ru")
    is_usual = port is None or port == {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" if is_usual else f"{parts.scheme}://{host}:{port}"


def _host(parts: SplitResult) -> str:
    """Raises ValueError."""
    host = parts.hostname or ""
    if ":" in host:
        return f"[{ipaddress.IPv6Address(host)}]"
    host = host.encode("idna").decode().lower()
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise ValueError(host)
    return host


def _check_mail(settings: Settings) -> None:
    if settings.has_mail and not settings.mail_from:
        raise SettingsError("MAIL_FROM: SMTP_URL needs the address that mails come from")
    if settings.has_mail:
        _mail_server(settings.smtp_url)
    if settings.mail_from:
        _mail_sender(settings.mail_from)


def _mail_server(url: str) -> MailServer:
    try:
        parts = urlsplit(url)
        host, port = _host(parts).strip("[]"), parts.port
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


def _mail_sender(text: str) -> tuple[str, str]:
    from email.utils import parseaddr

    name, address = parseaddr(text)
    local, _, domain = address.rpartition("@")
    try:
        host = domain.encode("idna").decode().lower()
    except ValueError:
        host = ""
    if not (text.isprintable() and _MAILBOX.fullmatch(local) and _HOST.fullmatch(host)):
        raise SettingsError("MAIL_FROM: not an address such as evosync@example.ru or EvoSync <evosync@example.ru>")
    return name, f"{local}@{host}"


def _has_port(uri: str) -> bool:
    """Or none, which is as good."""
    try:
        return urlsplit(uri).port != 0
    except ValueError:
        return False


def _photo_dir(given: str) -> Path:
    """Made where it is missing. A relative path counts from the project, wherever the process was started."""
    try:
        path = ROOT / Path(given).expanduser() if given else INSTANCE / "photos"
        for folder in (path.parent, path):
            folder.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except (OSError, RuntimeError, ValueError):
        raise SettingsError("PHOTO_DIR: not a folder into which we may write") from None


def database_address(url: str) -> str:
    """As SQLAlchemy reads it. Raises SettingsError."""
    return _readable(_normal_url(url))


def _normal_url(url: str) -> str:
    """SQLAlchemy reads a bare `postgresql://` as another driver, and `postgres://` not at all."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise SettingsError("DATABASE_URL: not a database address")
    if scheme in ("postgres", "postgresql"):
        return f"postgresql+psycopg2://{rest}"
    if scheme not in ("sqlite", "postgresql+psycopg2"):
        raise SettingsError("DATABASE_URL: only sqlite:// and postgresql:// are supported")
    if scheme == "sqlite" and rest.partition("?")[0] in ("", "/", "/:memory:"):
        raise SettingsError("DATABASE_URL: sqlite:// needs the path of a file")
    return url


def _readable(url: str) -> str:
    try:
        sqlalchemy.make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError("DATABASE_URL: not a database address") from None
    return url
