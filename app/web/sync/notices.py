"""What is said after a press on the pages of the synchronisation."""

from app.models import User
from app.services.owner import config, shop_window, switch
from app.services.runs import codes
from app.web.formatting import GOODS, counted
from app.web.market.remains import stayed
from app.web.messages import message
from app.web.sync.silence import ordered, queued


def obstacle_here(code: str) -> str:
    """Why no run begins, above the page to which the message of an operator's pause leads from everywhere else."""
    if code == codes.HALTED:
        return "Обновления приостановил оператор EvoSync: почему и что делать, написано ниже."
    return message(code)


def toggled(user: User, is_on: bool) -> tuple[str, str]:
    if not is_on:
        return f"Синхронизация выключена. {stayed(shop_window.shop_window(user))}", "info"
    if config.config_of(user).confirmed_at is None:
        obstacle = switch.confirmation_obstacle(user)
        then = message(obstacle) if obstacle else "Посмотрите, что изменится, и нажмите «Подтвердить и запустить»."
        return f"Синхронизация включена. {then}", "success"
    obstacle = switch.run_obstacle(user)
    if obstacle:
        return f"Синхронизация включена, но обновления пока не начинаются. {obstacle_here(obstacle)}", "warning"
    return "Синхронизация включена.", "success"


def confirmed(obstacle: str | None) -> tuple[str, str]:
    """`obstacle`: why no run starts all the same."""
    if obstacle:
        return f"Подтверждено, но обновление пока не начнётся. {obstacle_here(obstacle)}", "warning"
    return f"Подтверждено. {queued()}", "success"


def hiding_all(count: int) -> tuple[str, str]:
    soon = ordered(f"скроем в ВК {counted(count, *GOODS)}")
    return f"{soon} Синхронизация выключена: чтобы вернуть товары, включите её, когда будете готовы.", "success"


def not_ordered(code: str, undone: str) -> tuple[str, str]:
    """`undone`: what the press did not do, where that is not what the code says."""
    is_told = code in ("nothing_to_hide", "nothing_to_undo")
    return message(code) if is_told else f"{undone} {obstacle_here(code)}", "warning"


def undoing(count: int) -> tuple[str, str]:
    soon = ordered(f"снова покажем {counted(count, *GOODS)}")
    then = "Синхронизация выключена, чтобы не скрыть их опять: проверьте фильтры в каталоге и потом включите её."
    return f"{soon} {then}", "success"


STOPPING = {
    "queued": ("Обновление убрано из очереди.", "success"),
    "running": ("Останавливаем обновление: оно закончит начатое изменение и прекратится.", "success"),
}
ENDED_ALREADY = ("Это обновление уже закончилось: останавливать нечего.", "info")
NO_ROW = (
    "Подробностей этого обновления нет: оно прошло без изменений, и такие обновления в истории только подсчитываются.",
    "info",
)
