"""Addresses: of the site, of the database, of whatever else is reached by one."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

import sqlalchemy
from sqlalchemy.exc import ArgumentError

from settings_checks.errors import SettingsError

HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")


def travels_in_clear(url: str) -> bool:
    """Whether what is sent there can be read on the way: http, and not to this very machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = host == "localhost" or host.endswith(".localhost")
    return parts.scheme == "http" and not is_loopback


def origin(url: str) -> str:
    """As browsers write it: lower case, ASCII, without the usual port. Raises SettingsError."""
    try:
        parts = urlsplit(url)
        host, port = host_of(parts), parts.port
    except ValueError:
        raise SettingsError("PUBLIC_URL: not an address that a browser can open") from None
    if parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise SettingsError("PUBLIC_URL: scheme and host alone, such as https://evosync.example.ru")
    is_usual = port is None or port == {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" if is_usual else f"{parts.scheme}://{host}:{port}"


def host_of(parts: SplitResult) -> str:
    """Raises ValueError."""
    host = parts.hostname or ""
    if ":" in host:
        return f"[{ipaddress.IPv6Address(host)}]"
    host = host.encode("idna").decode().lower()
    if not HOST.fullmatch(host) or len(host) > 253:
        raise ValueError(host)
    return host


def has_port(uri: str) -> bool:
    """Or none, which is as good."""
    try:
        return urlsplit(uri).port != 0
    except ValueError:
        return False


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
