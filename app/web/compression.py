"""Answers packed with gzip for the browsers that take it. The standard library does it: what brotli would save on our
few small files is not worth two binary packages."""

import gzip
import io
import secrets
import zlib
from collections.abc import Iterable, Iterator
from functools import cache

from flask import Flask, Response, request

from app.web.assets import STATIC

TEXTS = {"text/html", "text/css", "text/csv", "text/javascript", "application/json", "image/svg+xml"}
MIN_BYTES = 500
# Level 6 is four times as fast as 9 and a hundredth larger; what is packed once gets 9.
LEVEL = 6
MAX_PADDING = 100
GZIP_WINDOW = 16 + zlib.MAX_WBITS


def init_app(app: Flask) -> None:
    app.after_request(_pack)


def _pack(answer: Response) -> Response:
    if answer.mimetype not in TEXTS:
        return answer
    answer.vary.add("Accept-Encoding")
    if answer.status_code in (204, 206, 304, 404) or "Content-Encoding" in answer.headers or _is_small(answer):
        return answer
    if request.accept_encodings.quality("gzip") <= 0:
        return answer
    if request.endpoint == "static":
        _pack_static(answer)
    elif answer.is_streamed:
        _pack_stream(answer)
    else:
        answer.set_data(padded(answer.get_data()))
    answer.headers["Content-Encoding"] = "gzip"
    return answer


def _is_small(answer: Response) -> bool:
    length = answer.content_length
    return length is not None and length < MIN_BYTES


def _pack_static(answer: Response) -> None:
    tag, _is_weak = answer.get_etag()
    answer.close()
    answer.direct_passthrough = False
    answer.set_data(_packed_file((request.view_args or {})["filename"], tag))
    answer.headers.remove("Accept-Ranges")
    if tag:
        # Weak: it stands for the packed bytes and the plain ones alike.
        answer.set_etag(tag, weak=True)


@cache
def _packed_file(filename: str, _tag: str | None) -> bytes:
    return gzip.compress((STATIC / filename).read_bytes(), mtime=0)


def _pack_stream(answer: Response) -> None:
    chunks = answer.iter_encoded()
    answer.call_on_close(answer.response.close)  # type: ignore[union-attr]  # a stream is a generator
    answer.response = _packed_chunks(chunks)
    answer.headers.remove("Content-Length")


def _packed_chunks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(LEVEL, wbits=GZIP_WINDOW)
    for chunk in chunks:
        # Flushed, so that what is ready leaves at once.
        yield packer.compress(chunk) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


def padded(plain: bytes) -> bytes:
    """With a file name of random length in the gzip header, which readers skip. A page holds a CSRF token beside words
    from its address; whoever watches the length of many answers must not learn the one by guessing with the other."""
    packed = io.BytesIO()
    name = "x" * secrets.randbelow(MAX_PADDING)
    with gzip.GzipFile(name, "wb", LEVEL, packed, mtime=0) as file:
        file.write(plain)
    return packed.getvalue()
