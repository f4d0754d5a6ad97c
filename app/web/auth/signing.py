"""Where a device's cookies begin and end."""

from flask import request, session
from flask_login import login_user, logout_user

from app.context import request_source
from app.domain.account.devices import device_of
from app.models import User
from app.services.accounts import sessions


def sign_in(user: User, *, remember: bool) -> None:
    """A new session with a new CSRF token: nothing of the visitor's own is carried over."""
    session.clear()
    device = device_of(request.user_agent.string)
    sessions.begin(user, is_remembered=remember, source=request_source(), device=device)
    login_user(user, remember=remember)


def forget_device() -> None:
    """Its cookies; what they carried is ended by services/sessions.py."""
    session.clear()
    logout_user()
