"""VK ID: OAuth 2.1 with PKCE, docs/contracts/vk.md §2.4. Authlib speaks it, our transport bounds every call."""

import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self

from app.clients.answers import MalformedAnswer, clean_line, decode, whole_number
from app.clients.budget import Budget
from app.clients.http import Response, Transport, TransportError
from app.clients.vk_id.errors import VkIdError

SCOPES = ("market", "groups", "photos")
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 15.0
LARGEST_ANSWER = 64 * 1024
LONGEST_TOKEN = 4096
LONGEST_LIFE = 366 * 24 * 60 * 60
"""Seconds. What is said to live longer is not believed: it is renewed when VK refuses it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What VK ID gave. None of the optional parts means that VK did not tell it."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int | None
    """Seconds."""
    user_id: int | None
    scope: frozenset[str] | None


class VkIdClient:
    """One application. Every method that asks VK may raise VkIdError. Whoever makes a client closes it."""

    def __init__(self, base_url: str, client_id: str, *, redirect_uri: str = "", budget: Budget | None = None) -> None:
        from authlib.oauth2.client import OAuth2Client

        self._base_url = base_url.rstrip("/")
        self._client_id = client_id
        self._session = _Session(
            Transport(
                self._base_url,
                connect_seconds=CONNECT_SECONDS,
                read_seconds=ANSWER_SECONDS,
                largest_body=LARGEST_ANSWER,
                budget=budget,
            )
        )
        self._oauth = OAuth2Client(self._session, client_id, redirect_uri=redirect_uri, code_challenge_method="S256")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def authorize_url(self, state: str, verifier: str, *, asks_who: bool = False) -> str:
        """Where the person goes, with the challenge that belongs to the verifier."""
        prompt = {"prompt": "login"} if asks_who else {}
        address, _ = self._oauth.create_authorization_url(
            f"{self._base_url}/authorize", state=state, code_verifier=verifier, scope=" ".join(SCOPES), **prompt
        )
        return str(address)

    def exchange(self, code: str, *, verifier: str, device_id: str, state: str) -> Grant:
        """A code is good for one try, whatever comes of it."""
        with _told():
            return _grant(
                self._oauth.fetch_token(
                    "/oauth2/auth",
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                    client_id=self._client_id,
                    device_id=device_id,
                    body=_state(state),
                ),
                state,
            )

    def refresh(self, refresh_token: str, *, device_id: str, state: str) -> Grant:
        """A new pair: the refresh token is spent by it. Where VK sends no other one, it goes on being good."""
        with _told():
            return _grant(
                self._oauth.refresh_token(
                    "/oauth2/auth",
                    refresh_token,
                    client_id=self._client_id,
                    device_id=device_id,
                    body=_state(state),
                ),
                state,
            )

    def revoke(self, access_token: str) -> None:
        """VK forgets this token, and all that it gave for it."""
        form = {"client_id": self._client_id, "access_token": access_token}
        answer = self._session.post("/oauth2/revoke", data=form).json()
        if "error" in answer:
            raise VkIdError(answer["error"])


def _state(state: str) -> str:
    from authlib.common.urls import add_params_to_qs

    return str(add_params_to_qs("", [("state", state)]))


@contextmanager
def _told() -> Iterator[None]:
    """The library's words for a refusal become ours; they quote nothing."""
    from authlib.oauth2 import OAuth2Error

    try:
        yield
        return
    except OAuth2Error as error:
        word = str(error.error)
    raise VkIdError(word)


class _Session:
    """What the library sends by."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def close(self) -> None:
        self._transport.close()

    def post(self, url: str, *, data: Mapping[str, str], **_: Any) -> "_Answer":
        try:
            answer = self._transport.send("POST", url, data=data, headers={"Accept": "application/json"})
        except TransportError as error:
            sent = error.sent
        else:
            return _Answer(answer)
        raise VkIdError(sent=sent)


class _Answer:
    """An answer as the library reads it: of an odd one nothing is left. Raises VkIdError where there is none."""

    def __init__(self, answer: Response) -> None:
        self.status_code = 200  # the body decides
        self._body = self._read(answer)

    def json(self) -> dict[str, Any]:
        return self._body

    @staticmethod
    def _read(answer: Response) -> dict[str, Any]:
        try:
            body = decode(answer.utf8(), dict[str, Any])
        except MalformedAnswer:
            body = {}
        is_passing = answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= 500
        if isinstance(word := body.get("error"), str) and word and not is_passing:
            return {"error": clean_line(word)[:64] or "error"}
        if answer.status != 200 or not body or "error" in body:
            raise VkIdError(status=answer.status)
        life = whole_number(body.pop("expires_in", None), 1, LONGEST_LIFE)
        body.pop("expires_at", None)
        return body if life is None else {**body, "expires_in": life}


def _grant(answer: Mapping[str, Any], state: str) -> Grant:
    """Raises VkIdError for one that cannot be used."""
    told = answer.get("state")
    access, refresh = _token(answer.get("access_token")), _token(answer.get("refresh_token"))
    if access is None or (told and not hmac.compare_digest(str(told).encode(), state.encode())):
        raise VkIdError(status=200)
    scope = answer.get("scope")
    return Grant(
        access_token=access,
        refresh_token=refresh,
        expires_in=answer.get("expires_in"),
        user_id=whole_number(answer.get("user_id"), 1),
        scope=frozenset(scope.replace(",", " ").split()) if isinstance(scope, str) and scope.strip() else None,
    )


def _token(value: object) -> str | None:
    is_token = isinstance(value, str) and 0 < len(value) <= LONGEST_TOKEN and value.isascii() and value.isprintable()
    return str(value) if is_token else None
