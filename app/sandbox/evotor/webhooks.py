"""What Evotor sends to a partner's server: docs/contracts/evotor.md §13."""

import uuid
from typing import Any

import requests

from app.sandbox.documents import Json
from app.sandbox.evotor.partner import Partner
from app.sandbox.state import World

SECONDS = 10


def send(partner: Partner, path: str, body: Any, *, token: str | None = None, **headers: str) -> tuple[int, Json]:
    """Status and answer; 0 where nobody answers."""
    shown = {"Authorization": f"Bearer {partner.secret if token is None else token}", **headers}
    with requests.Session() as session:
        session.trust_env = False  # it would look for a proxy
        try:
            answer = session.post(f"{partner.url}/api/v1/{path}", json=body, headers=shown, timeout=SECONDS)
        except requests.RequestException:
            return 0, {}
    try:
        return answer.status_code, answer.json()
    except ValueError:
        return answer.status_code, {}


def install(world: World, account: str, email: str, password: str) -> tuple[int, Json]:
    """The owner is asked who they are there; the token and the event follow where the partner knows them."""
    person = {"userId": account, "username": email, "password": password}
    status, answer = send(world.partner, "user/verify", person)
    if status != 200:
        return status, answer
    with world.lock:
        world.evotor.user_tokens[account] = str(answer.get("token", ""))
        token = world.evotor.installed.get(account) or world.evotor.new_token(account)
        world.evotor.installed[account] = token
    send(world.partner, "user/token", {"userId": account, "token": token})
    return _tell(world, account, "ApplicationInstalled")


def uninstall(world: World, account: str) -> tuple[int, Json]:
    """The token ends with it."""
    with world.lock:
        world.evotor.tokens.pop(world.evotor.installed.pop(account, ""), None)
        world.evotor.user_tokens.pop(account, None)
    return _tell(world, account, "ApplicationUninstalled")


def _tell(world: World, account: str, kind: str) -> tuple[int, Json]:
    event = {
        "id": str(uuid.uuid4()),
        "timestamp": round(world.clock.now() * 1000),
        "version": 2,
        "type": kind,
        "data": {"productId": "c0ffee00-0000-4000-8000-000000000001", "userId": account},
    }
    return send(world.partner, "installation/event", event)


def hint(world: World, store_id: str, changed: list[Json]) -> None:
    """The older form, and only what was changed."""
    if not (world.partner.url and world.partner.hints):
        return
    with world.lock:
        account = next((name for name, found in world.evotor.accounts.items() if store_id in found.stores), "")
        token = world.evotor.user_tokens.get(account)
    goods = [{"uuid": item["id"], "name": item.get("name", ""), "group": False} for item in changed]
    headers = {"X-Evotor-User-Id": account, "User-Agent": "Java/1.8.0_151"}
    send(world.partner, f"inventories/stores/{store_id}/products", goods, token=token, **headers)
