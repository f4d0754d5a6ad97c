"""VK ID: the permission page and the token calls, OAuth 2.1 with PKCE (docs/contracts/vk.md §2.4)."""

import base64
import hashlib
import hmac
import re
import secrets
from html import escape
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, current_app, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from app.sandbox.documents import Json
from app.sandbox.faults import BEFORE_KINDS, VKID_WORDS
from app.sandbox.spoilt_answers import spoilt_answer
from app.sandbox.state import World
from app.sandbox.vk.state import RIGHTS, VkToken

blueprint = Blueprint("vkid", __name__)

CLIENT_ID = "51000777"
TRUSTED_HOSTS = frozenset({"localhost", "127.0.0.1"})
TOKEN_SECONDS, CODE_SECONDS = 3600, 600
ASKED = ("client_id", "redirect_uri", "state", "scope", "code_challenge")

RIGHT_NAMES = {
    "market": "управлять товарами сообществ",
    "groups": "видеть список ваших сообществ",
    "photos": "загружать фотографии",
}
STYLE = """
:root{color-scheme:light}*{box-sizing:border-box}
body{font:17px/1.5 system-ui,sans-serif;margin:0;background:#edeef0;color:#1c1c1e}
main{max-width:27rem;margin:0 auto;padding:1.5rem 1rem 3rem}
.card{background:#fff;border-radius:.75rem;padding:1.25rem}h1{font-size:1.4rem;margin:0 0 .75rem}
.demo{background:#fff4d6;border-radius:.6rem;padding:.7rem 1rem;margin:0 0 1rem;font-size:.95rem}
fieldset{border:0;padding:0;margin:1rem 0}legend{font-weight:600;padding:0;margin-bottom:.25rem}
label{display:flex;gap:.75rem;align-items:center;min-height:3rem;cursor:pointer}input{width:1.25rem;height:1.25rem}
ul{padding-left:1.25rem;margin:.25rem 0}.buttons{display:grid;gap:.6rem}
button{font:inherit;font-weight:600;min-height:3rem;border:0;border-radius:.6rem;background:#e6e9ee;color:#1c1c1e}
button[value=allow]{background:#2d6cb5;color:#fff}
"""
PAGE = """<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>Разрешить доступ</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>{style}</style></head><body><main>
<p class="demo">Это демонстрация: страница изображает вход ВКонтакте, а люди и сообщества выдуманы.
Пароль не нужен.</p>
<div class="card"><h1>Разрешить доступ</h1><p>Приложение EvoSync сможет:</p><ul>{rights}</ul>
<form method="post" action="/authorize">{hidden}<fieldset><legend>Войти как</legend>{users}</fieldset>
<div class="buttons"><button name="decision" value="allow">Разрешить</button>
<button name="decision" value="refuse">Отказать</button></div></form></div></main></body></html>"""


class OAuthError(Exception):
    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error, self.description = error, description

    def response(self) -> Response:
        body = {"error": self.error, "error_description": self.description, "state": request.values.get("state", "")}
        answer = jsonify(body)
        answer.status_code = 401 if self.error == "invalid_client" else 400
        return answer


@blueprint.get("/authorize")
def show_page() -> Response:
    world: World = current_app.config["WORLD"]
    try:
        _check_request()
    except OAuthError as error:
        return error.response()
    asked = {name: request.args.get(name, "") for name in ASKED}
    hidden = "".join(f'<input type="hidden" name="{name}" value="{escape(text)}">' for name, text in asked.items())
    users = "".join(
        f'<label><input type="radio" name="user_id" value="{user.id}"{" checked" if number == 0 else ""}> '
        f"{escape(user.first_name)} {escape(user.last_name)}</label>"
        for number, user in enumerate(world.vk.users.values())
    )
    rights = "".join(f"<li>{escape(RIGHT_NAMES.get(name, name))}</li>" for name in asked["scope"].split())
    return Response(PAGE.format(style=STYLE, rights=rights, hidden=hidden, users=users), mimetype="text/html")


def _check_request() -> None:
    values = request.values
    if values.get("client_id") != CLIENT_ID:
        raise OAuthError("invalid_client", "client_id is unknown")
    if urlsplit(values.get("redirect_uri", "")).hostname not in TRUSTED_HOSTS:
        raise OAuthError("invalid_request", "redirect_uri is not trusted")
    if not values.get("state"):
        raise OAuthError("invalid_request", "state is missing")
    if not re.fullmatch(r"[\w-]{43}", values.get("code_challenge", ""), re.ASCII):
        raise OAuthError("invalid_request", "code_challenge is missing or invalid")
    if unknown := set(values.get("scope", "").split()) - RIGHTS.keys():
        raise OAuthError("invalid_scope", f"unknown scope {min(unknown)}")
    if request.method == "GET":
        _check_flow()


def _check_flow() -> None:
    if request.args.get("response_type") != "code":
        raise OAuthError("invalid_request", "response_type should be code")
    if request.args.get("code_challenge_method", "").lower() != "s256":
        raise OAuthError("invalid_request", "code_challenge_method should be s256")


@blueprint.post("/authorize")
def decide() -> BaseResponse:
    world: World = current_app.config["WORLD"]
    try:
        _check_request()
    except OAuthError as error:
        return error.response()
    if request.form.get("decision") != "allow":
        answer = {"error": "access_denied", "error_description": "User denied access"}
    else:
        answer = _issue_code(world)
    address = request.form["redirect_uri"]
    joint = "&" if "?" in address else "?"
    return redirect(f"{address}{joint}{urlencode({**answer, 'state': request.form['state']})}")


def _issue_code(world: World) -> dict[str, str]:
    code, device_id = f"vk2.a.{secrets.token_urlsafe(24)}", secrets.token_urlsafe(32)
    with world.lock:
        world.vk.codes[code] = {
            **{name: request.form.get(name, "") for name in ASKED},
            "user_id": request.form.get("user_id", type=int) or next(iter(world.vk.users)),
            "device_id": device_id,
            "expires_at": world.clock.now() + CODE_SECONDS,
        }
    return {"code": code, "device_id": device_id, "type": "code_v2", "expires_in": str(CODE_SECONDS)}


@blueprint.post("/oauth2/<any(auth, user_info, logout, revoke):action>")
def token_call(action: str) -> Response:
    world: World = current_app.config["WORLD"]
    world.delay("vkid", action)
    with world.lock:
        world.note_call("vkid", action)
        if fault := world.faults.take("vkid", action, BEFORE_KINDS):
            return spoilt_answer(fault)
        try:
            if fault := world.faults.take("vkid", action, VKID_WORDS):
                raise OAuthError(fault.kind, "try again later")
            response = jsonify(_ACTIONS[action](world))
        except OAuthError as error:
            return error.response()
        fault = world.faults.take("vkid", action, frozenset({"drop_after"}))
        return response if fault is None else spoilt_answer(fault)


def _auth(world: World) -> Json:
    values = request.values
    if values.get("client_id") != CLIENT_ID:
        raise OAuthError("invalid_client", "client_id is unknown")
    if values.get("grant_type") == "authorization_code":
        return _exchange(world)
    if values.get("grant_type") == "refresh_token":
        return _refresh(world)
    raise OAuthError("invalid_request", "grant_type is missing or invalid")


def _exchange(world: World) -> Json:
    values = request.values
    # A code is spent by the first try, right or wrong.
    asked = world.vk.codes.pop(values.get("code", ""), None)
    if asked is None or asked["expires_at"] <= world.clock.now():
        raise OAuthError("invalid_grant", "code is missing, expired or used")
    if values.get("device_id") != asked["device_id"] or values.get("redirect_uri") != asked["redirect_uri"]:
        raise OAuthError("invalid_request", "device_id or redirect_uri is missing or invalid")
    verifier = values.get("code_verifier", "")
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    well_formed = re.fullmatch(r"[\w-]{43,128}", verifier, re.ASCII)
    if not well_formed or not hmac.compare_digest(digest, asked["code_challenge"]):
        raise OAuthError("invalid_grant", "code_verifier is missing or invalid")
    return _issue_tokens(world, asked["user_id"], asked["device_id"], asked["scope"])


def _refresh(world: World) -> Json:
    values = request.values
    known = world.vk.refresh_tokens.get(values.get("refresh_token", ""))
    if known is None:
        raise OAuthError("invalid_request", "refresh_token is missing or invalid")
    if values.get("device_id") != known["device_id"]:
        raise OAuthError("invalid_request", "device_id is missing or invalid")
    if world.faults.take("vkid", "auth", frozenset({"no_refresh_token"})):
        answer = _issue_tokens(world, known["user_id"], known["device_id"], known["scope"])
        del world.vk.refresh_tokens[answer.pop("refresh_token")]
        return answer
    del world.vk.refresh_tokens[values["refresh_token"]]
    return _issue_tokens(world, known["user_id"], known["device_id"], known["scope"])


def _issue_tokens(world: World, user_id: int, device_id: str, scope: str) -> Json:
    """Rights that the application does not have are dropped."""
    granted = [name for name in scope.split() if name in world.vk.settings.app_rights.split()]
    access, refresh = f"vk2.a.{secrets.token_urlsafe(48)}", f"vk2.r.{secrets.token_urlsafe(48)}"
    rights = sum(RIGHTS[name] for name in dict.fromkeys(granted))
    expires_at = world.clock.now() + TOKEN_SECONDS
    world.vk.tokens[access] = VkToken(access, user_id=user_id, rights=rights, expires_at=expires_at)
    world.vk.refresh_tokens[refresh] = {"user_id": user_id, "device_id": device_id, "scope": " ".join(granted)}
    if world.faults.take("vkid", "auth", frozenset({"bare"})):
        numbers = {"expires_in": str(TOKEN_SECONDS), "user_id": str(user_id)}
        return {"access_token": access, "refresh_token": refresh, **numbers}
    return {
        "access_token": access,
        "refresh_token": refresh,
        "id_token": f"eyJ.{secrets.token_urlsafe(16)}.id",
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
        "user_id": user_id,
        "state": request.values.get("state", ""),
        "scope": " ".join(granted),
    }


def _live_token(world: World) -> VkToken:
    token = world.vk.tokens.get(request.values.get("access_token", ""))
    if token is None or (token.expires_at is not None and token.expires_at <= world.clock.now()):
        raise OAuthError("invalid_token", "access_token is missing or invalid")
    return token


def _user_info(world: World) -> Json:
    user = world.vk.users[_live_token(world).user_id]
    names = {"first_name": user.first_name, "last_name": user.last_name}
    return {"user": {"user_id": str(user.id), **names, "avatar": ""}}


def _logout(world: World) -> Json:
    del world.vk.tokens[_live_token(world).value]
    return {"response": 1}


_ACTIONS = {"auth": _auth, "user_info": _user_info, "logout": _logout, "revoke": _logout}
