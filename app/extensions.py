"""Flask extensions, created unbound."""

from flask_limiter import Limiter
from flask_login import LoginManager, current_user

from app.context import request_source
from app.csrf import MaskedCSRFProtect


def _who() -> str:
    """The signed-in user, wherever they are; else where the request comes from."""
    return f"user {current_user.id}" if current_user.is_authenticated else f"source {request_source()}"


login_manager = LoginManager()
csrf = MaskedCSRFProtect()
limiter = Limiter(_who, key_prefix="evosync", in_memory_fallback_enabled=True, swallow_errors=True)
"""Where its storage is away it counts in memory, and no page fails for it."""
