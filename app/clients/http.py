"""The one place that speaks HTTP: a session, its limits, and one kind of failure."""

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path

import requests
from requests.utils import get_environ_proxies
from urllib3 import Timeout
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from app.clients.answers import as_utf8
from app.clients.bounded import BoundedAdapter
from app.clients.budget import Budget
from app.clients.line import Line

USER_AGENT = "EvoSync/0.1"
CONNECT_SECONDS = 10.0
READ_SECONDS = 35.0
LARGEST_BODY = 16 * 1024 * 1024
"""Unpacked. An older Evotor sends a whole catalog as one list (docs/contracts/evotor.md §3): 25,000 goods."""
_CHUNK = 64 * 1024
_TOO_LARGE = "too large"
_SILENCE = ("no connection", "timeout", "connection lost")


class TransportError(Exception):
    """No usable answer came. `sent` is False only where nothing can have reached the server."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent

    @property
    def is_too_large(self) -> bool:
        """There was an answer, longer than what we take."""
        return self.reason == _TOO_LARGE

    @property
    def is_silence(self) -> bool:
        """It was asked for, and nothing came."""
        return self.reason in _SILENCE


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def utf8(self) -> bytes:
        """The body, where it is text in another encoding and says so. Raises ForeignCharset."""
        return as_utf8(self.body, self.headers.get("Content-Type", ""))


class Transport:
    """Sends requests below one base URL; never repeats, never follows a redirect, keeps no cookies.

    `read_seconds` bound the whole answer, however it drips; a `budget` bounds all calls together. `public_only`: an
    address within our own network is not connected to. `line` hears whether there was an answer.
    """

    def __init__(
        self,
        base_url: str = "",
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        largest_body: int = LARGEST_BODY,
        public_only: bool = False,
        budget: Budget | None = None,
        line: Line | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._connect_seconds, self._read_seconds = connect_seconds, read_seconds
        self._largest_body = largest_body
        self._session = _session(public_only)
        self._proxies_by_origin: dict[str, dict[str, str]] = {}
        self._budget = budget
        self._line = line or Line()

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str | bytes] | None = None,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
    ) -> Response:
        """Whatever the status, the answer; TransportError where there is none."""
        try:
            timeout, url = self._timeout(), self._base_url + path
            answer = self._session.request(
                method,
                url,
                headers=headers,
                params=params,
                data=data,
                files=files,
                proxies=self._proxies(url),
                timeout=timeout,  # type: ignore[arg-type]  # requests takes urllib3's too
                allow_redirects=False,
                stream=True,
            )
            with closing(answer):
                body = _read(answer.iter_content(_CHUNK), self._largest_body)
            self._line.note_answer(answer.status_code)
            return Response(answer.status_code, answer.headers, body)
        except (requests.RequestException, HTTPError, UnicodeError, TransportError) as error:
            failure = _failure(error)
        if failure.is_silence:
            self._line.note_silence()
        # Raised out here so that the error does not hold the original one, which holds the request and its token.
        raise failure

    def close(self) -> None:
        """For good. In other threads, what is on its way ends as a lost connection."""
        self._session.close()

    def _proxies(self, url: str) -> dict[str, str]:
        """Of the environment; looked up once for each server, as that takes longer than the rest of a short call."""
        origin = "/".join(url.split("/", 3)[:3])
        if origin not in self._proxies_by_origin:
            try:
                self._proxies_by_origin[origin] = get_environ_proxies(url)
            except ValueError:
                return {}  # no address at all, as the request is about to find out
        return self._proxies_by_origin[origin]

    def _timeout(self) -> Timeout:
        """Raises TransportError where no time is left."""
        if self._budget is None:
            return Timeout(connect=self._connect_seconds, read=self._read_seconds)
        left = self._budget.left
        if not left:
            raise TransportError("no time left", sent=False)
        # Every address of a host is tried for so long.
        connect = min(self._connect_seconds, left / 4)
        return Timeout(connect=connect, read=self._read_seconds, total=left)


def _session(public_only: bool) -> requests.Session:
    session = requests.Session()
    session.adapters.clear()
    for scheme in ("https://",) if public_only else ("https://", "http://"):
        session.mount(scheme, BoundedAdapter(public_only))
    session.headers["User-Agent"] = USER_AGENT
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.auth = _keep_headers
    session.trust_env = False  # it would look for proxies at every call
    session.verify = _bundle_of_environment() or _system_trust_store()
    return session


def _bundle_of_environment() -> str | None:
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Does nothing; without it a .netrc file might replace our Authorization header."""
    return request


def _system_trust_store() -> str | bool:
    """The certificates of the operating system, or True (those of the requests package) where it has none."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        return paths.cafile
    if paths.capath and any(Path(paths.capath).iterdir()):
        return paths.capath
    return True


def _read(chunks: Iterator[bytes], most: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > most:
            raise TransportError(_TOO_LARGE, sent=True)
    return bytes(body)


_UNSENDABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
    UnicodeError,
)


def _failure(error: Exception) -> TransportError:
    if isinstance(error, TransportError):
        return error
    if isinstance(error, _UNSENDABLE):
        return TransportError("unsendable", sent=False)
    if isinstance(error, requests.ConnectTimeout) or _refused(error):
        return TransportError("no connection", sent=False)
    if isinstance(error, requests.Timeout):
        return TransportError("timeout", sent=True)
    # A kept-alive connection that the server closed ends here too: the request may have been served.
    return TransportError("connection lost", sent=True)


def _refused(error: Exception) -> bool:
    cause = error.args[0] if isinstance(error, requests.ConnectionError) and error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
