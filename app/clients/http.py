"""The one place that speaks HTTP: a session, its limits, and one kind of failure."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

USER_AGENT = "EvoSync/0.1"
CONNECT_SECONDS = 10.0
READ_SECONDS = 35.0
LARGEST_BODY = 64 * 1024 * 1024
_CHUNK = 64 * 1024


class TransportError(Exception):
    """No usable answer came. `sent` is False only where nothing can have reached the server."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Transport:
    """Sends requests below one base URL; never repeats, never follows a redirect, keeps no cookies."""

    def __init__(
        self,
        base_url: str = "",
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        largest_body: int = LARGEST_BODY,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeout = (connect_seconds, read_seconds)
        self._largest_body = largest_body
        self._session = _session()

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
            answer = self._session.request(
                method,
                self._base_url + path,
                headers=headers,
                params=params,
                data=data,
                files=files,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
            with closing(answer):
                body = _read(answer.iter_content(_CHUNK), self._largest_body)
            return Response(answer.status_code, answer.headers, body)
        except (requests.RequestException, HTTPError, UnicodeError, TransportError) as error:
            failure = _failure(error)
        # Raised out here so that the error does not hold the original one, which holds the request and its token.
        raise failure

    def close(self) -> None:
        self._session.close()


def _session() -> requests.Session:
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=0))
    session.headers["User-Agent"] = USER_AGENT
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.auth = _keep_headers
    session.verify = _system_trust_store()
    return session


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Does nothing; without it a .netrc file would replace our Authorization header."""
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
            raise TransportError("too large", sent=True)
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
