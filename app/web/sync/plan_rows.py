"""The many rows of a plan, as `repeated` takes them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from app.domain.planning.changes import Action, Change, Reason
from app.services.pages.goods.names import Answer, Names, names_of, refusals_of
from app.services.pages.sync.plan import Skipped
from app.web import labels
from app.web.change_rows import ChangeRow, change_row
from app.web.formatting import moment, money
from app.web.messages import message
from app.web.repeated import Row


class PlanKind(NamedTuple):
    action: str
    is_shown_again: bool
    fields: tuple[tuple[str, bool], ...]
    """Of each difference, and whether there is an old value; the values are the words `before0`, `after0` and so on."""
    reason: labels.Advice | None


def plan_rows(user_id: int, items: Iterable[Change | Skipped]) -> Iterator[Row]:
    items = list(items)
    names = names_of(user_id, [item.key for item in items if item.key is not None and not item.name])
    refused = [item.key for item in items if isinstance(item, Skipped) and item.reason in _BY_VK]
    answers = refusals_of(user_id, refused) if refused else {}
    for item in items:
        if isinstance(item, Skipped):
            yield _skipped_row(item, names, answers.get(item.key))
        else:
            yield _changed_row(change_row(item, names), is_shown_again=item.action is Action.SHOW)


_BY_VK = (Reason.REFUSED, Reason.OUTDATED)


def _skipped_row(item: Skipped, names: Names, answer: Answer | None) -> Row:
    """`answer`: of VK, which says more than that it refused."""
    advice = labels.reason(item.reason)
    if answer is not None:
        again = f" Попробуем снова: {moment(answer.again_at)}." if answer.again_at else ""
        advice = advice._replace(what_to_do=f"{message(answer.code)}{again}")
    name = item.name or names.products.get(item.key, item.key.product_id)
    words = {"name": name, "store": names.stores.get(item.key.store_id, "")}
    if item.reason is Reason.OUTDATED:
        words["now"] = money(answer.price_in_vk if answer else None)
    return PlanKind("", False, (), advice), words


def _changed_row(row: ChangeRow, *, is_shown_again: bool) -> Row:
    words = {"name": row.name, "store": row.store}
    for place, difference in enumerate(row.differences):
        words[f"after{place}"] = difference.after
        if difference.before is not None:
            words[f"before{place}"] = difference.before
    fields = tuple((difference.field, difference.before is not None) for difference in row.differences)
    return PlanKind(row.action, is_shown_again, fields, row.reason), words
