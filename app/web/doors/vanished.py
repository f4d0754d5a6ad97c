"""A request whose account is deleted while it is at work: whoever sent it is a visitor now."""

import sqlalchemy as sa
from flask import Flask, has_request_context
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user
from sqlalchemy.exc import IntegrityError, InvalidRequestError
from sqlalchemy.orm.exc import StaleDataError

from app.db import db
from app.models import User
from app.services.accounts import users
from app.web.access import to_sign_in


def init_app(app: Flask) -> None:
    # How rows that vanished show: not to be read again, not to be changed, not to be referred to.
    for kind in (InvalidRequestError, StaleDataError, IntegrityError):
        app.register_error_handler(kind, _to_sign_in)


def _to_sign_in(error: Exception) -> ResponseReturnValue:
    db.session.rollback()
    if not _account_is_gone():
        raise error
    logout_user()
    return to_sign_in()


def _account_is_gone() -> bool:
    user = current_user._get_current_object() if has_request_context() else None
    if not isinstance(user, User):
        return False
    user_id: int = sa.inspect(user).identity[0]  # told without asking the database
    return not users.is_there(user_id)
