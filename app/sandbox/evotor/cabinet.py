"""`/ui/evotor`: the owner's cabinet, where the application is installed and removed; and the same for tests."""

from html import escape

from flask import Blueprint, Response, current_app, jsonify, request

from app.sandbox.documents import Json
from app.sandbox.evotor import webhooks
from app.sandbox.evotor.partner import Partner
from app.sandbox.evotor.state import EvotorAccount
from app.sandbox.state import World

blueprint = Blueprint("cabinet", __name__)

PAGE = """<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>Личный кабинет Эвотора</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<style>*{{box-sizing:border-box}}
body{{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem}}
label{{display:block;margin:.5rem 0}}input,select,button{{font:inherit;padding:.4rem .6rem}}input{{width:100%}}
select{{max-width:100%}}fieldset{{margin:1rem 0;min-width:0}}
.said{{background:#f6e7c8;padding:.5rem 1rem}}</style></head>
<body><h1>Личный кабинет Эвотора</h1><p>Это песочница: настоящий кабинет выглядит иначе.</p>{said}
<form method="post"><fieldset><legend>Приложение EvoSync</legend>
<label>Учётная запись Эвотора <select name="account">{accounts}</select></label>
<label>Почта в EvoSync <input name="email" type="email" autocomplete="off"></label>
<label>Пароль в EvoSync <input name="password" type="password" autocomplete="off"></label>
<button name="do" value="install">Установить</button>
<button name="do" value="uninstall">Удалить приложение</button></fieldset></form></body></html>"""

SAID = {
    0: "EvoSync не отвечает. Запустите его и попробуйте ещё раз.",
    200: "Готово. Вернитесь на страницу EvoSync.",
    401: "EvoSync не знает такой почты и пароля.",
    409: "Эта учётная запись Эвотора уже связана с другой в EvoSync, или ваша в EvoSync связана с другой в Эвоторе. "
    "Сначала пусть её владелец отключит Эвотор в EvoSync.",
    429: "Слишком много попыток. Подождите до 15 минут.",
}


NOT_INSTALLED = "Приложение здесь не установлено, удалять нечего."


@blueprint.get("/ui/evotor")
def show() -> Response:
    return _page("")


@blueprint.post("/ui/evotor")
def press() -> Response:
    world: World = current_app.config["WORLD"]
    form = request.form
    with world.lock:
        is_installed = form["account"] in world.evotor.installed
    if form.get("do") == "install":
        status, _ = webhooks.install(world, form["account"], form.get("email", ""), form.get("password", ""))
    elif is_installed:
        status, _ = webhooks.uninstall(world, form["account"])
    else:
        return _page(NOT_INSTALLED)
    return _page(SAID.get(status, f"EvoSync ответил: {status}."))


def _page(said: str) -> Response:
    world: World = current_app.config["WORLD"]
    with world.lock:
        accounts = "".join(
            f'<option value="{name}">{name}: {escape(_stores_of(found))}'
            f"{' (установлено)' if name in world.evotor.installed else ''}</option>"
            for name, found in world.evotor.accounts.items()
        )
    note = f'<p class="said" role="status">{escape(said)}</p>' if said else ""
    return Response(PAGE.format(said=note, accounts=accounts), mimetype="text/html")


def _stores_of(account: EvotorAccount) -> str:
    return ", ".join(store.about["name"] for store in account.stores.values())


@blueprint.post("/_control/evotor/<any(partner, send, install, uninstall):what>")
def control(what: str) -> Response:
    """Without the lock: whoever is called may call back."""
    world: World = current_app.config["WORLD"]
    body: Json = request.get_json(silent=True) or {}
    if what == "partner":
        world.partner = Partner(**body)
        return jsonify({"ok": True})
    if what == "send":
        headers = body.get("headers", {})
        status, answer = webhooks.send(world.partner, body["path"], body["body"], token=body.get("token"), **headers)
    elif what == "install":
        status, answer = webhooks.install(world, body["account"], body["email"], body["password"])
    else:
        status, answer = webhooks.uninstall(world, body["account"])
    return jsonify({"status": status, "answer": answer})
