"""The yardstick of commands: an empty one of an application that has the product's Flask packages and does nothing.

EMPTY_WITHOUT names what is left out: `migrate`, or `packages` for all but Flask.
"""

import os

from flask import Flask

WITHOUT = os.environ.get("EMPTY_WITHOUT", "")


def make_app() -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY="of nobody", SQLALCHEMY_DATABASE_URI="sqlite:///:memory:")
    if WITHOUT != "packages":
        _add_packages(app)
    app.cli.command("empty")(_empty)
    return app


def _empty() -> None:
    """Do nothing."""


def _add_packages(app: Flask) -> None:
    from flask_login import LoginManager
    from flask_sqlalchemy import SQLAlchemy
    from flask_wtf import CSRFProtect, FlaskForm

    database = SQLAlchemy()
    database.init_app(app)
    LoginManager().init_app(app)
    CSRFProtect().init_app(app)
    assert FlaskForm
    if WITHOUT != "migrate":
        from flask_migrate import Migrate

        Migrate().init_app(app, database)
