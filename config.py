"""Settings from the environment, read once and checked: a wrong value stops the start."""

import contextlib
import math
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from dotenv import dotenv_values

from settings_checks import addresses, mail, strength
from settings_checks.addresses import travels_in_clear
from settings_checks.errors import SettingsError
from settings_checks.mail import MailServer

__all__ = ["MailServer", "Settings", "SettingsError", "load_or_exit", "load_settings", "travels_in_clear"]

ROOT = Path(__file__).resolve().parent
INSTANCE = ROOT / "instance"

Positive = Annotated[float, msgspec.Meta(gt=0)]
Seconds = Annotated[int, msgspec.Meta(gt=0)]
Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+")]
RequestCounts = Annotated[str, msgspec.Meta(pattern=r"^(memory://$|rediss?://[^\s/]+|redis\+unix:///\S)")]
Broker = Annotated[str, msgspec.Meta(pattern=r"^(amqps?|rediss?)://[^\s/]+\S*$")]
Contact = Annotated[str, msgspec.Meta(max_length=200)]

FARTHEST_MOVED = 10 * 366 * 24 * 60 * 60
"""Seconds. A clock that is years off helps no test."""
OTHERS = 0o077
"""The rights of everybody but the owner."""


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
    celery_broker_url: Broker = ""
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
        return mail.mail_server(self.smtp_url)

    @property
    def mail_sender(self) -> tuple[str, str]:
        """Name, or nothing, and address. Raises SettingsError."""
        return mail.mail_sender(self.mail_from)


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
            made["token_keys"] = _kept_secret("token_keys", strength.new_token_key)
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
    strength.check_token_keys(settings.key_ring)
    if not addresses.has_port(settings.ratelimit_storage_uri):
        raise SettingsError("RATELIMIT_STORAGE_URI: not the address of a Redis")
    if not addresses.has_port(settings.celery_broker_url):
        raise SettingsError("CELERY_BROKER_URL: not the address of a Redis or a RabbitMQ")
    settings = msgspec.structs.replace(
        settings,
        database_url=addresses.database_address(settings.database_url),
        public_url=addresses.origin(settings.public_url),
    )
    if settings.is_production:
        _check_for_production(settings)
    if settings.evosync_clock:
        _check_moved_clock(settings)
    _check_mail(settings)
    return msgspec.structs.replace(settings, photo_dir=str(_photo_dir(settings.photo_dir)))


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
    strength.check_production(settings.secret_key, settings.key_ring, settings.evotor_webhook_secret)
    strength.check_metrics_token(settings.metrics_token)
    if travels_in_clear(settings.public_url):
        raise SettingsError("PUBLIC_URL: production needs https:// (http:// only for this machine itself)")


def _check_mail(settings: Settings) -> None:
    if settings.has_mail and not settings.mail_from:
        raise SettingsError("MAIL_FROM: SMTP_URL needs the address that mails come from")
    if settings.has_mail:
        mail.mail_server(settings.smtp_url)
    if settings.mail_from:
        mail.mail_sender(settings.mail_from)


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
