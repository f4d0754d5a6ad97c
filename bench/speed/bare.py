"""The yardstick: one page of a Flask application that does nothing."""

from flask import Flask


def make_app() -> Flask:
    app = Flask(__name__)

    @app.get("/")
    def hello() -> str:
        return "<!doctype html><title>Hello</title><p>Hello"

    return app
