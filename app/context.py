"""Settings and key ring of the running application, reachable from any layer below the web."""

from datetime import timedelta
from typing import cast

from flask import Flask, current_app, g

from app.crypto import KeyRing
from app.db import engine_options
from config import Settings

SESSION_LIFETIME = timedelta(days=30)
"""Of a device that is signed in: its row and its remember cookie end together."""
MAX_FORM_BYTES = 2 * 1024 * 1024
REDIS_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": None, "wrap_exceptions": True}
"""Seconds: no page waits long for a Redis that is away."""


def settings() -> Settings:
    return cast(Settings, current_app.extensions["settings"])


def request_source() -> str:
    """Where the request comes from, as the web has put it down; only within one."""
    return cast(str, g.get("source", "unknown"))


def init_settings(app: Flask, settings: Settings) -> None:
    app.extensions["settings"] = settings
    app.extensions["key_ring"] = KeyRing(settings.key_ring)
    https = settings.public_url.startswith("https://")
    app.config.update(
        TESTING=settings.evosync_env == "testing",
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        SESSION_COOKIE_NAME="evosync",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=https,
        REMEMBER_COOKIE_NAME="evosync_remember",
        REMEMBER_COOKIE_DURATION=SESSION_LIFETIME,
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=https,
        PERMANENT_SESSION_LIFETIME=timedelta(days=7),
        WTF_CSRF_SSL_STRICT=False,  # the token is the proof: proxies change Host, browsers leave Referer out
        WTF_CSRF_TIME_LIMIT=None,  # bound to the session; a form left open over lunch still works
        MAX_CONTENT_LENGTH=MAX_FORM_BYTES,
        MAX_FORM_PARTS=20_000,
        RATELIMIT_STORAGE_URI=settings.ratelimit_storage_uri,
        RATELIMIT_STORAGE_OPTIONS=REDIS_OPTIONS,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
