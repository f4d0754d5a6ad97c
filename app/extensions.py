"""Flask extensions, created unbound."""

from pathlib import Path

from flask import request
from flask_limiter import Limiter
from flask_login import LoginManager, current_user
from flask_migrate import Migrate
from flask_wtf import CSRFProtect

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def _who() -> str:
    """The signed-in user, wherever they are; else where the request comes from. SQLite gives an id to another again."""
    if current_user.is_authenticated:
        return f"user {current_user.id} of {current_user.created_at:%Y-%m-%dT%H:%M:%S}"
    return f"source {request.remote_addr}"


migrate = Migrate(directory=str(MIGRATIONS), compare_type=True)
login_manager = LoginManager()
csrf = CSRFProtect()
limiter = Limiter(_who, key_prefix="evosync", in_memory_fallback_enabled=True, swallow_errors=True)
"""Where its storage is away it counts in memory, and no page fails for it."""
