"""What the owner reads of a problem: what is wrong, what to do, and where."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from flask import url_for

from app.domain.listing import SkipReason
from app.services.problems import Kind, Problem
from app.web import labels, unreadable_words
from app.web.formatting import counted, plural_ru, quoted
from app.web.messages import message

GOODS = ("товар", "товара", "товаров")


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


def _connection(problem: Problem) -> ProblemCard:
    is_evotor = problem.vendor == "evotor"
    if problem.passes:
        title = "Эвотор сейчас не отвечает" if is_evotor else "ВК сейчас не отвечает"
    else:
        title = "Нет связи с Эвотором" if is_evotor else "Нет связи с ВК"
    button = "Открыть подключение Эвотора" if is_evotor else "Открыть подключение ВК"
    tone = "warning" if problem.passes else "danger"
    return ProblemCard(title, message(problem.code), button, url_for(f"connections.{problem.vendor}"), tone)


def _stores(problem: Problem) -> ProblemCard:
    title = f"Не прочитано в последний раз: {', '.join(problem.names)}"
    text = message(problem.code) if problem.code else "Пока действуют прежние товары."
    return ProblemCard(title, text, "Открыть каталог", url_for("catalog.stores"))


def _runs(problem: Problem) -> ProblemCard:
    title = f"Запуск не получился {counted(problem.count, 'раз', 'раза', 'раз')} подряд"
    return ProblemCard(title, message(problem.code), "Открыть запуск", url_for("sync.run", run_id=problem.run_id))


def _questions(problem: Problem) -> ProblemCard:
    wait = plural_ru(problem.count, "ждёт", "ждут", "ждут")
    title = f"{counted(problem.count, *GOODS)} в ВК {wait} вашего ответа"
    text = "Похожие товары были там до нас, или наши кто-то удалил. Пока вы не ответите, мы таких не добавляем."
    return ProblemCard(title, text, "Посмотреть и ответить", url_for("sync.market"))


def _refused(problem: Problem) -> ProblemCard:
    title = f"ВК отказал: {counted(problem.count, *GOODS)}"
    href = url_for("sync.plan", show="skipped", reason="refused")
    return ProblemCard(title, message(problem.code), "Показать товары", href)


def _unreadable(problem: Problem) -> ProblemCard:
    return ProblemCard(
        f"Не удалось прочитать: {counted(problem.count, *GOODS)}",
        "Эвотор прислал эти товары с ошибкой. Мы помним их прежними и в ВК ничего у них не меняем. "
        "Исправьте их в Эвоторе, и при следующем обновлении прочитаем снова.",
        "Показать товары",
        url_for("catalog.unreadable"),
        details=[f"{unreadable_words.title(row)}: {unreadable_words.trouble(row.found)}" for row in problem.unreadable],
    )


def _review(problem: Problem) -> ProblemCard:
    wait = plural_ru(problem.count, "ждёт", "ждут", "ждут")
    title = f"{counted(problem.count, *GOODS)} {wait} проверки"
    text = "Такие товары в ВК показывают не всегда. Если вам можно, разрешите их тип."
    return ProblemCard(title, text, "Настройки витрины", url_for("sync.settings"))


def _alike(problem: Problem) -> ProblemCard:
    look = plural_ru(problem.count, "выглядит", "выглядят", "выглядят")
    title = f"{counted(problem.count, *GOODS)} {look} в ВК одинаково"
    text = "У них одно название, одна цена и одно описание. Дайте им в Эвоторе разные названия, коды или артикулы."
    return ProblemCard(title, text, "Открыть каталог", url_for("catalog.stores"), details=list(problem.names))


def _albums_taken(_problem: Problem) -> ProblemCard:
    title = "Все 100 подборок сообщества заняты"
    text = "Товары новых групп останутся без подборок. Удалите в ВК лишние подборки или объедините группы в Эвоторе."
    return ProblemCard(title, text, "Подборки в плане", url_for("sync.plan", show="albums"), "info")


def _full_albums(problem: Problem) -> ProblemCard:
    names = ", ".join(map(quoted, problem.names))
    title = f"В {plural_ru(problem.count, 'подборке', 'подборках', 'подборках')} нет места: {names}"
    text = "Лишние товары остаются без подборки. Разделите группу в Эвоторе на части."
    return ProblemCard(title, text, "Подборки в плане", url_for("sync.plan", show="albums"), "info")


def _lost_rules(problem: Problem) -> ProblemCard:
    belong = plural_ru(problem.count, "относится", "относятся", "относятся")
    title = f"{counted(problem.count, 'правило', 'правила', 'правил')} ни к чему не {belong}"
    text = "Этих магазинов, групп и товаров больше нет в каталоге, но правила действуют. Уберите те, что не нужны."
    return ProblemCard(title, text, "Открыть правила", url_for("catalog.rules"), "info")


def _as_written(title: str, text: str, button: str, endpoint: str) -> Callable[[Problem], ProblemCard]:
    return lambda _problem: ProblemCard(title, text, button, url_for(endpoint))


_CARDS: dict[Kind, Callable[[Problem], ProblemCard]] = {
    Kind.CONNECTION: _connection,
    Kind.RECONNECTED: lambda problem: ProblemCard(
        "Синхронизация выключена", message(problem.code), "Посмотреть план", url_for("sync.plan")
    ),
    Kind.NO_STORE: _as_written(
        "Запуски не начинаются", "Ни один магазин не выбран.", "Выбрать магазин", "catalog.stores"
    ),
    Kind.APPROVAL: _as_written(
        "План ждёт вашего решения",
        "Он похож на случайность, поэтому пока в ВК ничего не меняется.",
        "Посмотреть план и решить",
        "sync.plan",
    ),
    Kind.RUNS_FAIL: _runs,
    Kind.STORE: _stores,
    Kind.SHOP_FULL: _as_written(
        "В сообществе нет места для новых товаров",
        "Удалите в ВК ненужные или передавайте меньше: измените фильтры.",
        "Настроить фильтры",
        "catalog.stores",
    ),
    Kind.NOT_CONFIRMED: _as_written(
        "Осталось подтвердить", "Посмотрите план и нажмите «Подтвердить и запустить».", "Посмотреть план", "sync.plan"
    ),
    Kind.QUESTIONS: _questions,
    Kind.REFUSED: _refused,
    Kind.CATEGORY: _as_written(
        "ВК больше не знает выбранной категории",
        "Товары попали в общую категорию. Выберите другую.",
        "Настройки витрины",
        "sync.settings",
    ),
    Kind.UNREADABLE: _unreadable,
    Kind.REVIEW: _review,
    Kind.ALIKE: _alike,
    Kind.ALBUMS_TAKEN: _albums_taken,
    Kind.ALBUM_FULL: _full_albums,
    Kind.LOST_RULES: _lost_rules,
}
