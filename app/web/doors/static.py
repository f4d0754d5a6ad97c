"""Static files. WhiteNoise finds them once, when the first page needs them: what a stranger asks for is looked up among
their names and never on the disk. They are answered inside the application, so that headers, packing and error pages
are those of every other answer, and no packed copies have to be kept in step with them."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask, Response, abort, request

from app.web.doors.headers import YEAR

STATIC = Path(__file__).resolve().parents[2] / "static"


class File(NamedTuple):
    """Name, bytes and version belong together: a release that is unpacked under a running server mixes nothing up."""

    content: bytes
    headers: list[tuple[str, str]]
    version: str


def init_app(app: Flask) -> None:
    app.add_url_rule("/static/<path:filename>", "static", _show)
    app.url_defaults(_add_version)


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "v" not in values and (file := _files().get(values["filename"])):
        values["v"] = file.version


def _show(filename: str) -> Response:
    file = _files().get(filename)
    if file is None:
        abort(404)
    answer = Response(file.content, headers=file.headers)
    is_current = request.args.get("v") == file.version
    answer.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if is_current else "no-cache"
    answer.make_conditional(request)
    return answer


@cache
def _files() -> dict[str, File]:
    from whitenoise import WhiteNoise

    library = WhiteNoise(None, STATIC, max_age=None, allow_all_origins=False)
    return {name.lstrip("/"): _read(found) for name, found in library.files.items()}


def _read(found: Any) -> File:
    whole = found.get_response("GET", {})
    with whole.file:
        content = whole.file.read()
    return File(content, list(whole.headers), hashlib.sha256(content).hexdigest()[:12])
