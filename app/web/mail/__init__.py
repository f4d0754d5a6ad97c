"""Where the links of mails lead, and where a new password is asked for. All of it is 404 where there is no mail."""

from flask import Blueprint

blueprint = Blueprint("mail", __name__)

from app.web.mail import views  # noqa: E402, F401
