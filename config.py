"""Settings from the environment, read once and checked: a wrong value stops the start."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import sqlalchemy
from cryptography.fernet import Fernet
from dotenv import dotenv_values
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent
INSTANCE = ROOT / "instance"

Positive = Annotated[float, msgspec.Meta(gt=0)]
Seconds = Annotated[int, msgspec.Meta(gt=0)]
Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+")]

SECRET_LENGTH = 32


class SettingsError(ValueError):
    """One line that names the setting and says what is wrong with it; never its value."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="upper"):
    """Defaults here are safe in production and fit to be public; secrets have none."""

    evosync_env: Literal["development", "production", "testing"] = "development"
    database_url: str = ""
    secret_key: str = ""
    token_keys: str = ""
    evotor_api_url: Url = "https://api.evotor.ru"
    vk_api_url: Url = "https://api.vk.ru/method"
    vk_requests_per_second: Positive = 3
    evotor_requests_per_second: Positive = 5
    run_lease_seconds: Seconds = 300
    run_slice_seconds: Seconds = 600
    vk_read_lag_seconds: Seconds = 30
    remove_after_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 7
    sync_interval_minutes: Seconds = 15
    registration_open: bool = True
    public_url: Url = "http://localhost:8000"
    photo_dir: str = ""
    trusted_proxies: Annotated[int, msgspec.Meta(ge=0)] = 0

    def __repr__(self) -> str:
        return f"Settings(evosync_env={self.evosync_env!r})"

    @property
    def is_production(self) -> bool:
        return self.evosync_env == "production"

    @property
    def key_ring(self) -> list[str]:
        """Fernet keys, newest first."""
        return [key.strip() for key in self.token_keys.split(",") if key.strip()]


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The environment wins over `.env`; empty values count as absent. Raises SettingsError."""
    if environ is None:
        environ = {**_dotenv(), **os.environ}
    known = {field.encode_name for field in msgspec.structs.fields(Settings)}
    given = {name: value.strip() for name, value in environ.items() if name in known and value.strip()}
    try:
        settings = msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        raise SettingsError(f"{path.rstrip('`')}: {reason}") from None
    return _checked(_with_development_secrets(settings))


def _dotenv() -> dict[str, str]:
    return {name: value for name, value in dotenv_values(ROOT / ".env").items() if value is not None}


def _with_development_secrets(settings: Settings) -> Settings:
    """Outside production a missing secret is made once and kept, so that a first start needs no reading."""
    made = {}
    if not settings.database_url:
        INSTANCE.mkdir(mode=0o700, exist_ok=True)
        made["database_url"] = f"sqlite:///{INSTANCE / 'evosync.db'}"
    if not settings.is_production:
        if not settings.secret_key:
            made["secret_key"] = _kept_secret("secret_key", lambda: secrets.token_urlsafe(48))
        if not settings.token_keys:
            made["token_keys"] = _kept_secret("token_keys", lambda: Fernet.generate_key().decode())
    return msgspec.structs.replace(settings, **made) if made else settings


def _kept_secret(name: str, make: Callable[[], str]) -> str:
    INSTANCE.mkdir(mode=0o700, exist_ok=True)
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


def _checked(settings: Settings) -> Settings:
    if settings.is_production and len(settings.secret_key) < SECRET_LENGTH:
        raise SettingsError(f"SECRET_KEY: production needs a random secret of at least {SECRET_LENGTH} characters")
    if settings.is_production and len(set(settings.secret_key)) < SECRET_LENGTH // 4:
        raise SettingsError("SECRET_KEY: this one repeats itself; use a random one")
    if not settings.key_ring:
        raise SettingsError("TOKEN_KEYS: production needs at least one Fernet key")
    for key in settings.key_ring:
        try:
            Fernet(key)
        except ValueError:
            raise SettingsError("TOKEN_KEYS: every key must be a Fernet key (32 bytes, url-safe base64)") from None
    return msgspec.structs.replace(
        settings,
        database_url=_readable(_normal_url(settings.database_url)),
        photo_dir=str(_photo_dir(settings.photo_dir)),
    )


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


def _normal_url(url: str) -> str:
    """SQLAlchemy reads a bare `postgresql://` as another driver, and `postgres://` not at all."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise SettingsError("DATABASE_URL: not a database address")
    if scheme in ("postgres", "postgresql"):
        return f"postgresql+psycopg2://{rest}"
    if scheme not in ("sqlite", "postgresql+psycopg2"):
        raise SettingsError("DATABASE_URL: only sqlite:// and postgresql:// are supported")
    return url


def _readable(url: str) -> str:
    try:
        sqlalchemy.make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError("DATABASE_URL: not a database address") from None
    return url
