"""What the owner reads of a problem: what is wrong, what to do, and where."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from flask import url_for

from app.context import settings
from app.domain.listing.fitness import SkipReason
from app.models import ConnectionState, OwnerOrder
from app.services.pages.sync.problem_kinds import Kind, Problem
from app.web import labels
from app.web.catalog import unreadable_goods
from app.web.formatting import GOODS, counted, number, plural_ru, quoted
from app.web.messages import message
from app.web.sync import plan_explained
from app.web.sync.silence import not_answering


class ProblemCard(NamedTuple):
    title: str
    text: str
    button: str
    href: str
    tone: str = "warning"
    details: Sequence[str] = ()
    """As somebody else wrote them."""


def card(problem: Problem, only_store: str | None) -> ProblemCard:
    """`only_store`: the owner has just this one, so its page can list the products."""
    if problem.kind is Kind.UNFIT:
        return _unfit(problem, only_store)
    return _CARDS[problem.kind](problem)


def skipped_address(reason: str, only_store: str | None) -> str:
    """Where the selected products with this reason are listed; those that VK or the market holds up, in the plan."""
    if only_store is not None and reason in set(SkipReason):
        return url_for("catalog.store", store_id=only_store, state="problem", problem=reason)
    return url_for("sync.plan", show="skipped", reason=reason)


def _unfit(problem: Problem, only_store: str | None) -> ProblemCard:
    advice = labels.reason(problem.code)
    title = f"{advice.text}: {counted(problem.count, *GOODS)}"
    return ProblemCard(title, advice.what_to_do, "Показать товары", skipped_address(problem.code, only_store))


def _halted(problem: Problem) -> ProblemCard:
    contact = settings().support_contact
    whom = f"напишите нам: {contact}" if contact else "обратитесь к оператору EvoSync"
    text = f"Товары в ВК и ваши настройки остаются как есть. Чтобы обновления продолжились, {whom}. Причина:"
    title = "Обновления приостановил оператор EvoSync"
    return ProblemCard(title, text, "История обновлений", url_for("sync.history"), "danger", problem.names)


def _connection(problem: Problem) -> ProblemCard:
    is_evotor = problem.vendor == "evotor"
    title = _TROUBLE.get(problem.code) or _trouble(problem, "Эвотор" if is_evotor else "ВК")
    button = "Открыть подключение Эвотора" if is_evotor else "Открыть подключение ВК"
    tone = "warning" if problem.passes or problem.kind is Kind.WITHDRAWN else "danger"
    text = message(problem.code).removeprefix(f"{title}. ")
    return ProblemCard(title, text, button, url_for(f"connections.{problem.vendor}"), tone)


_TROUBLE = {
    "evotor_payment_required": "Эвотор не отдаёт товары",
    "evotor_unauthorized": "Эвотор не принимает ключ доступа",
    **dict.fromkeys(("evotor_uninstalled", "evotor_uninstalled_told"), "Приложение удалено в Эвоторе"),
    **dict.fromkeys(("evotor_terminated", "evotor_terminated_told"), "Подписка в Эвоторе закончилась"),
    "evotor_rate_limited": "Эвотор просит подождать",
    "evotor_empty": "Эвотор прислал пустой список",
    "vk_id_expired": "Нужно войти через ВК заново",
    **dict.fromkeys(("vk_14", "vk_3300"), "ВК просит подтвердить, что вы не робот"),
    **dict.fromkeys(("vk_6", "vk_9", "vk_29"), "ВК просит подождать"),
}


def _trouble(problem: Problem, vendor: str) -> str:
    """Who failed and how, where the code has no title of its own."""
    if problem.code in labels.SILENT:
        return f"{vendor} сейчас не отвечает"
    state = problem.state
    if state is ConnectionState.TOKEN_REJECTED:
        return f"{vendor} не принимает ключ доступа"
    if state is ConnectionState.FORBIDDEN:
        return f"{vendor} не даёт доступа к товарам"
    if state is ConnectionState.SHOP_CLOSED:
        return "В сообществе ВК выключены товары"
    return f"{vendor} ждёт вашего участия" if problem.needs_owner else f"{vendor} отвечает ошибкой"


def _away(problem: Problem) -> ProblemCard:
    assert problem.silence is not None
    text = "Делать ничего не нужно: обновим сами, как только ответит. Пока в ВК всё как есть, новые фильтры тоже ждут."
    button = "Открыть подключение Эвотора" if problem.vendor == "evotor" else "Открыть подключение ВК"
    return ProblemCard(not_answering(problem.silence), text, button, url_for(f"connections.{problem.vendor}"))


def _empty(problem: Problem) -> ProblemCard:
    """Why next to nothing is shown, reason by reason, and what brings the most of it into the window."""
    found = problem.emptiness
    if found is None or not found.reasons:
        title = "Фильтры не пропускают ни одного товара"
        text = "При обновлении из ВК скроется всё, что мы там показываем. Проверьте, что выбрано."
        return ProblemCard(title, text, "Настроить фильтры", url_for("catalog.stores"))
    of = number(found.selected)
    why = [f"{labels.within(labels.reason(code).text)} {number(n)} из {of}" for code, n in found.reasons.items()]
    title = f"Показывать почти нечего: {', '.join(why)}"
    if (way := plan_explained.way_out(problem.code)) is not None:
        return ProblemCard(title, way.text, way.link, way.href)
    text = labels.reason(problem.code).what_to_do
    return ProblemCard(title, text, "Показать товары", skipped_address(problem.code, None))


def _stores(problem: Problem) -> ProblemCard:
    title = f"Не прочитано в последний раз: {', '.join(problem.names)}"
    text = message(problem.code) if problem.code else "Пока действуют прежние товары."
    return ProblemCard(title, text, "Открыть каталог", url_for("catalog.stores"))


def _runs(problem: Problem) -> ProblemCard:
    title = f"Обновление не получилось {counted(problem.count, 'раз', 'раза', 'раз')} подряд"
    return ProblemCard(title, message(problem.code), "Открыть обновление", url_for("sync.run", run_id=problem.run_id))


def _questions(problem: Problem) -> ProblemCard:
    wait = plural_ru(problem.count, "ждёт", "ждут", "ждут")
    title = f"{counted(problem.count, *GOODS)} в ВК {wait} вашего ответа"
    text = "Похожие товары были там до нас, или наши кто-то удалил. Пока вы не ответите, мы таких не добавляем."
    return ProblemCard(title, text, "Посмотреть и ответить", url_for("market.market"))


def _order(problem: Problem) -> ProblemCard:
    """What the owner ordered and why it is not done."""
    if problem.vendor == OwnerOrder.HIDE_ALL:
        seen = plural_ru(problem.count, "виден", "видны", "видны")
        title = f"Скрыто не всё: в ВК ещё {seen} {counted(problem.count, *GOODS)}"
    else:
        title = "Скрытое раньше возвращено не всё"
    if problem.run_id is None:
        return ProblemCard(title, message(problem.code), "Открыть подключение ВК", url_for("connections.vk"), "danger")
    href = url_for("sync.run", run_id=problem.run_id)
    return ProblemCard(title, message(problem.code), "Посмотреть, что не получилось", href, "danger")


def _stuck(problem: Problem) -> ProblemCard:
    title = f"ВК не даёт изменить: {counted(problem.count, *GOODS)}"
    return ProblemCard(title, message(problem.code), "Посмотреть, что изменится", url_for("sync.plan"))


def _albums_refused(problem: Problem) -> ProblemCard:
    names = ", ".join(map(quoted, problem.names))
    title = f"ВК не принял {plural_ru(problem.count, 'подборку', 'подборки', 'подборки')}: {names}"
    text = f"{message(problem.code)} Товары этих групп остаются без подборки."
    return ProblemCard(title, text, "Подборки: что изменится", url_for("sync.plan", show="albums"), "info")


def _not_in_album(problem: Problem) -> ProblemCard:
    stay = plural_ru(problem.count, "остался", "остались", "остались")
    title = f"Не в своей подборке {stay} {counted(problem.count, *GOODS)}"
    return ProblemCard(
        title, message(problem.code), "Подборки: что изменится", url_for("sync.plan", show="albums"), "info"
    )


def _quota(problem: Problem) -> ProblemCard:
    title = "ВК сегодня больше не принимает часть изменений"
    return ProblemCard(title, message(problem.code), "Посмотреть, что изменится", url_for("sync.plan"), "info")


def _outdated(problem: Problem) -> ProblemCard:
    title = f"В ВК, но с прежними данными: {counted(problem.count, *GOODS)}"
    text = f"{message(problem.code)} Пока покупатели видят прежние данные."
    return ProblemCard(title, text, "Показать товары", url_for("sync.plan", show="outdated"))


def _refused(problem: Problem) -> ProblemCard:
    title = f"ВК отказал: {counted(problem.count, *GOODS)}"
    href = url_for("sync.plan", show="skipped", reason="refused")
    return ProblemCard(title, message(problem.code), "Показать товары", href)


def _rejected(problem: Problem) -> ProblemCard:
    title = f"ВК не показывает в общем каталоге: {counted(problem.count, *GOODS)}"
    text = "В вашем сообществе они видны. Посмотрите, что не понравилось ВК, и поправьте товар в Эвоторе."
    return ProblemCard(title, text, "Показать товары", url_for("market.market", show="rejected"))


def _unreadable(problem: Problem) -> ProblemCard:
    return ProblemCard(
        f"Не удалось прочитать: {counted(problem.count, *GOODS)}",
        "Эвотор прислал эти товары с ошибкой. Мы помним их прежними и в ВК ничего у них не меняем. "
        "Исправьте их в Эвоторе, и при следующем обновлении прочитаем снова.",
        "Показать товары",
        url_for("catalog.unreadable"),
        details=[f"{unreadable_goods.title(row)}: {unreadable_goods.trouble(row.found)}" for row in problem.unreadable],
    )


def _review(problem: Problem) -> ProblemCard:
    wait = plural_ru(problem.count, "ждёт", "ждут", "ждут")
    title = f"{counted(problem.count, *GOODS)} {wait} проверки"
    text = "Такие товары в ВК показывают не всегда. Если вам можно, разрешите их тип."
    return ProblemCard(title, text, "Настройки витрины", url_for("window.settings"))


def _alike(problem: Problem) -> ProblemCard:
    look = plural_ru(problem.count, "выглядит", "выглядят", "выглядят")
    title = f"{counted(problem.count, *GOODS)} {look} в ВК одинаково"
    text = (
        "У них одно название, одна цена и одно описание. Дайте им в Эвоторе разные названия (в одном магазине хватит "
        "разных кодов или артикулов). Если это один товар из двух магазинов, оставьте его в фильтре только в одном."
    )
    return ProblemCard(title, text, "Открыть каталог", url_for("catalog.stores"), details=list(problem.names))


def _albums_taken(_problem: Problem) -> ProblemCard:
    title = "Все 100 подборок сообщества заняты"
    text = "Товары новых групп останутся без подборок. Удалите в ВК лишние подборки или объедините группы в Эвоторе."
    return ProblemCard(title, text, "Посмотреть подборки", url_for("sync.plan", show="albums"), "info")


def _full_albums(problem: Problem) -> ProblemCard:
    names = ", ".join(map(quoted, problem.names))
    title = f"В {plural_ru(problem.count, 'подборке', 'подборках', 'подборках')} нет места: {names}"
    text = "Лишние товары остаются без подборки. Разделите группу в Эвоторе на части."
    return ProblemCard(title, text, "Посмотреть подборки", url_for("sync.plan", show="albums"), "info")


def _lost_rules(problem: Problem) -> ProblemCard:
    belong = plural_ru(problem.count, "относится", "относятся", "относятся")
    title = f"{counted(problem.count, 'фильтр', 'фильтра', 'фильтров')} ни к чему не {belong}"
    text = "Этих магазинов, групп и товаров больше нет в каталоге, но фильтры действуют. Уберите те, что не нужны."
    return ProblemCard(title, text, "Открыть фильтры", url_for("catalog.rules"), "info")


def _as_written(title: str, text: str, button: str, endpoint: str) -> Callable[[Problem], ProblemCard]:
    return lambda _problem: ProblemCard(title, text, button, url_for(endpoint))


_CARDS: dict[Kind, Callable[[Problem], ProblemCard]] = {
    Kind.HALTED: _halted,
    Kind.CONNECTION: _connection,
    Kind.WITHDRAWN: _connection,
    Kind.AWAY: _away,
    Kind.RECONNECTED: lambda problem: ProblemCard(
        "Синхронизация выключена", message(problem.code), "Посмотреть, что изменится", url_for("sync.plan")
    ),
    Kind.NO_STORE: _as_written(
        "Обновления не начинаются",
        "Ни один магазин не выбран или все исключены. Что уже есть в ВК, остаётся там, пока вы не нажмёте "
        "«Скрыть всё в ВК».",
        "Выбрать магазин",
        "catalog.stores",
    ),
    Kind.APPROVAL: _as_written(
        "Изменения ждут вашего решения",
        "Они похожи на случайность, поэтому пока в ВК ничего не меняется.",
        "Посмотреть, что изменится, и решить",
        "sync.plan",
    ),
    Kind.ORDER: _order,
    Kind.RUNS_FAIL: _runs,
    Kind.EMPTY: _empty,
    Kind.STORE: _stores,
    Kind.SHOP_FULL: _as_written(
        "В сообществе нет места для новых товаров",
        "Удалите в ВК ненужные или показывайте меньше: измените фильтры.",
        "Настроить фильтры",
        "catalog.stores",
    ),
    Kind.STUCK: _stuck,
    Kind.QUOTA: _quota,
    Kind.NOT_CONFIRMED: _as_written(
        "Осталось подтвердить",
        "Посмотрите, что изменится, и нажмите «Подтвердить и запустить».",
        "Посмотреть, что изменится",
        "sync.plan",
    ),
    Kind.QUESTIONS: _questions,
    Kind.OUTDATED: _outdated,
    Kind.REFUSED: _refused,
    Kind.CATEGORY: _as_written(
        "ВК больше не знает выбранной категории",
        "Товары попали в общую категорию. Выберите другую.",
        "Настройки витрины",
        "window.settings",
    ),
    Kind.REJECTED: _rejected,
    Kind.UNREADABLE: _unreadable,
    Kind.REVIEW: _review,
    Kind.ALIKE: _alike,
    Kind.ALBUMS_TAKEN: _albums_taken,
    Kind.ALBUM_FULL: _full_albums,
    Kind.ALBUM_REFUSED: _albums_refused,
    Kind.NOT_IN_ALBUM: _not_in_album,
    Kind.LOST_RULES: _lost_rules,
}
