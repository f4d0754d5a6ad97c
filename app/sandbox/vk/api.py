"""VK API: `/method/<name>`, with the checks in the order of docs/contracts/vk.md §13.2."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from app.sandbox.chaos import HALF, LAG
from app.sandbox.documents import Json
from app.sandbox.faults import AFTER_KINDS, BEFORE_KINDS, EXECUTE_KINDS, VK_ERROR_KINDS, Fault
from app.sandbox.spoilt_answers import spoilt_answer, truncated
from app.sandbox.state import World
from app.sandbox.vk import albums, market, people, photos
from app.sandbox.vk.call import Call
from app.sandbox.vk.params import METHODS, TOKEN_KINDS, USER_ONLY, VkError, check
from app.sandbox.vk.state import RIGHTS, VkToken
from app.sandbox.vk.vkscript.execute import MOST_CALLS, Batch, spoilt

blueprint = Blueprint("vk", __name__)

HANDLERS: dict[str, Callable[[Call], Any]] = {
    **market.HANDLERS,
    **albums.HANDLERS,
    **photos.HANDLERS,
    **people.HANDLERS,
}
WRITING_METHODS = market.WRITES | albums.WRITES | photos.WRITES
"""Of chaos → the methods that know them."""
SECRET_PARAMS = frozenset({"access_token", "success_token"})
ERRORS = frozenset({*VK_ERROR_KINDS, "error"})
EXECUTE = "execute"
SPECIAL_FAULTS = {
    LAG: market.LAGGING | albums.LAGGING | {EXECUTE},
    HALF: albums.DIVISIBLE | photos.DIVISIBLE | {EXECUTE},
}
DONE_OF_HALF = 2
"""Calls of a batch that breaks off."""
INNER_AFTER_KINDS = AFTER_KINDS - {"truncated"}


class AnswerLost(Exception):
    """A call within a batch met a fault that leaves the whole request without an answer."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.fault = fault


@dataclass
class Incoming:
    method: str
    given: dict[str, str]
    token_text: str

    @classmethod
    def read(cls, method: str) -> "Incoming":
        given = {name: value for name, value in request.values.items() if isinstance(value, str)}
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        token = bearer.strip() if scheme.lower() == "bearer" else given.get("access_token", "")
        return cls(method, given, token)

    def echo(self) -> list[Json]:
        pairs = {"method": self.method, "oauth": "1", **self.given}
        return [{"key": key, "value": value} for key, value in pairs.items() if key not in SECRET_PARAMS]


@blueprint.route("/method/<name>", methods=["GET", "POST"])
def call_method(name: str) -> Response:
    world: World = current_app.config["WORLD"]
    incoming = Incoming.read(name)
    faults, token = world.faults, incoming.token_text
    world.delay("vk", name, token=token)
    with world.lock:
        shown = {key: value for key, value in incoming.given.items() if key not in SECRET_PARAMS}
        entry = world.note_call("vk", name, token=token[:16], peer=request.environ.get("REMOTE_PORT"), params=shown)
        faults.draw("vk", tuple(kind for kind, methods in SPECIAL_FAULTS.items() if name in methods))
        if before := faults.take("vk", name, BEFORE_KINDS, token=token):
            entry["outcome"] = before.kind
            return spoilt_answer(before)
        try:
            body = _answer(world, incoming)
        except AnswerLost as lost:
            entry["outcome"] = lost.fault.kind
            return spoilt_answer(lost.fault)
        except VkError as error:
            entry["outcome"] = error.code
            return jsonify({"error": _describe(error, incoming)})
        entry["outcome"] = "ok"
        if after := faults.take("vk", name, AFTER_KINDS, token=token):
            entry["outcome"] = after.kind
            return _spoilt_success(after, body, incoming)
        return jsonify(body)


def _spoilt_success(fault: Fault, body: Json, incoming: Incoming) -> Response:
    if fault.name == "truncated":
        return truncated(body)
    if fault.name == "error_after":
        return jsonify({"error": _describe(VkError(int(fault.number)), incoming)})
    return spoilt_answer(fault)


def _describe(error: VkError, incoming: Incoming) -> Json:
    return {
        "error_code": error.code,
        "error_msg": error.message,
        **error.extra,
        "request_params": incoming.echo(),
    }


def _answer(world: World, incoming: Incoming) -> Json:
    _check_version(incoming.given.get("v", ""))
    name = incoming.method
    if name not in METHODS:
        raise VkError(3)
    token = _check_token(world, incoming.token_text)
    _check_kind(token, name)
    _check_right(token, name)
    _check_rate(world, token)
    _check_faults(world, incoming)
    values = check(name, _with_old_names(name, incoming.given))
    if name == EXECUTE:
        return _batch(world, token, incoming, values["code"])
    return {"response": _handled(world, token, name, values)}


def _batch(world: World, token: VkToken, incoming: Incoming, code: str) -> Json:
    half = world.faults.take("vk", EXECUTE, frozenset({HALF}), token=incoming.token_text)
    left = DONE_OF_HALF if half else MOST_CALLS + 1

    def answer(method: str, given: dict[str, str]) -> Any:
        nonlocal left
        left -= 1
        if half and left < 0:
            raise AnswerLost(replace(half, kind="drop_after"))
        entry = world.note_inner_call("vk", method, token=incoming.token_text[:16], params=given)
        try:
            response = _inner_answer(world, token, Incoming(method, given, incoming.token_text))
        except VkError as error:
            entry["outcome"] = error.code
            raise
        entry["outcome"] = "ok"
        return response

    body = Batch(answer, world.vk.settings.execute_signs).run(code)
    fault = world.faults.take("vk", EXECUTE, EXECUTE_KINDS, token=incoming.token_text)
    return spoilt(fault, body) if fault else body


def _inner_answer(world: World, token: VkToken, incoming: Incoming) -> Any:
    """As a call alone, but for version, token and pace, which are the batch's. Raises VkError and AnswerLost."""
    name, text = incoming.method, incoming.token_text
    if name not in HANDLERS:
        raise VkError(3)
    _check_kind(token, name)
    _check_right(token, name)
    if before := world.faults.take("vk", name, BEFORE_KINDS, token=text, is_inner=True):
        raise AnswerLost(before)
    _check_faults(world, incoming, is_inner=True)
    response = _handled(world, token, name, check(name, _with_old_names(name, incoming.given)))
    after = world.faults.take("vk", name, INNER_AFTER_KINDS, token=text, is_inner=True)
    if after and after.name == "error_after":
        raise VkError(int(after.number))
    if after:
        raise AnswerLost(after)
    return response


def _handled(world: World, token: VkToken, name: str, values: Json) -> Any:
    response = HANDLERS[name](Call(world, name, values, token, request.host_url))
    if name in WRITING_METHODS:
        world.calls.stored[f"vk.{name}"] += 1
    return response


def _check_version(version: str) -> None:
    if not version:
        raise VkError(8, "v (version) is required")
    if not re.fullmatch(r"5\.\d{1,3}", version):
        raise VkError(8, "v (version) is incorrect")


def _check_token(world: World, text: str) -> VkToken:
    token = world.vk.tokens.get(text)
    if token is None:
        raise VkError(5, "invalid access_token (4)." if text else "no access_token passed.")
    if token.expires_at is not None and token.expires_at <= world.clock.now():
        raise VkError(5, "access_token has expired.")
    return token


def _check_kind(token: VkToken, method: str) -> None:
    if token.kind in TOKEN_KINDS.get(method, USER_ONLY):
        return
    if token.kind == "group":
        raise VkError(27, "method is unavailable with group auth.")
    raise VkError(28, "method is unavailable with service token.")


def _check_right(token: VkToken, method: str) -> None:
    section = method.partition(".")[0]
    needed = {"market": RIGHTS["market"], "photos": RIGHTS["photos"] | RIGHTS["market"]}.get(section, 0)
    if method == "groups.get" and token.kind == "user":
        needed = RIGHTS["groups"] | RIGHTS["market"]
    if needed and not token.rights & needed:
        raise VkError(
            15,
            "no access to call this method. It cannot be called with current scopes.",
            error_subcode=1133,
        )


def _check_rate(world: World, token: VkToken) -> None:
    """A sliding second per token; refused calls do not count (docs/contracts/vk.md §13.3)."""
    now, recent, settings = world.clock.now(), token.recent_calls, world.vk.settings
    while recent and recent[0] <= now - 1:
        recent.popleft()
    allowed = settings.user_calls_per_second if token.kind != "group" else settings.group_calls_per_second
    if 0 < allowed <= len(recent):
        raise VkError(6)
    recent.append(now)
    world.calls.peak_per_second = max(world.calls.peak_per_second, len(recent))


def _check_faults(world: World, incoming: Incoming, *, is_inner: bool = False) -> None:
    success_token = incoming.given.get("success_token", "")
    if success_token in world.vk.success_tokens:
        world.vk.success_tokens.remove(success_token)
        world.faults.forget("captcha", incoming.token_text)
    fault = world.faults.take("vk", incoming.method, ERRORS, token=incoming.token_text, is_inner=is_inner)
    if fault is None:
        return
    code = VK_ERROR_KINDS.get(fault.name) or int(fault.number)
    extra = {14: _new_captcha, 17: _validation}.get(code)
    raise VkError(code, fault.suffix, **(extra(world) if extra else {}))


def _new_captcha(world: World) -> Json:
    session = secrets.token_hex(12)
    world.vk.captchas[session] = {"expires_at": world.clock.now() + 300}
    return {
        "redirect_uri": f"{request.host_url}not_robot_captcha?session_token={session}&variant=popup",
        "captcha_sid": session,
        "captcha_img": f"{request.host_url}captcha.jpg?sid={session}",
    }


def _validation(_world: World) -> Json:
    return {"redirect_uri": f"{request.host_url}validation"}


def _with_old_names(method: str, given: dict[str, str]) -> dict[str, str]:
    """`addToAlbum` still takes the singular `item_id` (docs/contracts/vk.md §9)."""
    if method == "market.addToAlbum" and "item_ids" not in given and "item_id" in given:
        return {**given, "item_ids": given["item_id"]}
    return given


@blueprint.get("/not_robot_captcha")
def captcha_page() -> Response:
    world: World = current_app.config["WORLD"]
    with world.lock:
        captcha = world.vk.captchas.get(request.args.get("session_token", ""))
        if captcha is None or captcha["expires_at"] <= world.clock.now():
            return Response("Проверка устарела. Повторите действие.", status=404, mimetype="text/plain")
        success_token = captcha.setdefault("success_token", secrets.token_hex(16))
        world.vk.success_tokens.add(success_token)
    title, mark = "<title>Проверка</title><h1>Вы не робот</h1>", f'<p id="success_token">{success_token}</p>'
    return Response(f'<!doctype html><html lang="ru">{title}{mark}', mimetype="text/html")
