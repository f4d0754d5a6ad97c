"""Answers packed for the clients that take it."""

from flask import Flask, request
from flask_compress import Compress
from werkzeug.datastructures import Accept

TEXTS = ["text/html", "text/css", "text/csv", "text/javascript", "application/json", "image/svg+xml"]
WAYS = ["zstd", "br", "gzip"]
"""The quickest first."""


def init_app(app: Flask) -> None:
    app.config.update(COMPRESS_MIMETYPES=TEXTS, COMPRESS_ALGORITHM=WAYS, COMPRESS_ALGORITHM_STREAMING=WAYS)
    app.before_request(_leave_out_refused)
    Compress(app)


def _leave_out_refused() -> None:
    """`gzip;q=0` means "no gzip", which Flask-Compress reads as "gzip, if need be"."""
    taken = Accept([(name, quality) for name, quality in request.accept_encodings if quality > 0])
    request.environ["HTTP_ACCEPT_ENCODING"] = taken.to_header()
