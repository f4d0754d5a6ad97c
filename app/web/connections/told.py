"""What is said after a connection was made or checked."""

from typing import NamedTuple

from app.models import ConnectionState, User
from app.services.owner import rules, shop_window
from app.web.market.remains import left_behind
from app.web.messages import message


def evotor_connected(user: User, *, is_other: bool) -> tuple[str, str]:
    next_step = "" if user.vk and user.vk.is_connected else " Теперь подключите сообщество ВК."
    return _connected(f"Эвотор подключён.{next_step}", "other_evotor" if is_other else None)


class Left(NamedTuple):
    """A community that is about to be left, and what of ours stands there in sight."""

    name: str
    live: int


def left_by(user: User) -> Left:
    return Left(user.vk.group_name if user.vk else "", shop_window.shop_window(user).live)


def vk_connected(user: User, left: Left | None) -> tuple[str, str]:
    """`left`: for another community than before."""
    next_step = "" if rules.rules_of(user).rules else " Теперь выберите товары в каталоге."
    text, tone = _connected(f"Сообщество ВК подключено.{next_step}", "other_vk" if left else None)
    window = shop_window.shop_window(user)
    name = left.name if left and left.live == window.left else ""
    return f"{text} {left_behind(window, name)}".strip(), tone


def _connected(text: str, pause_reason: str | None) -> tuple[str, str]:
    return (f"{text} {message(pause_reason)}", "warning") if pause_reason else (text, "success")


def checked(state: ConnectionState, code: str | None, missing: str) -> tuple[str, str]:
    if state is ConnectionState.OK:
        return (message(code), "warning") if code else ("Проверили: всё работает.", "success")
    return message(missing if state is ConnectionState.DISCONNECTED else code or missing), "danger"
