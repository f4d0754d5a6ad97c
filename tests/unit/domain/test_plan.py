"""The plan: what it changes, what it leaves alone, in which order; and that a plan carried out leaves nothing to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.album_plan import Albums
from app.domain.changes import Action, Change, Link, LinkState, Reason
from app.domain.listing import HandField, ListingKey, OwnerSettings, SkipReason, Value, Wanted
from app.domain.plan import Desired, Plan, make_plan

NOW = datetime(2026, 11, 23, 12, 0)
DAYS = 7
SETTINGS = OwnerSettings(remove_after_days=DAYS)
A, B, C = (ListingKey("S1", product_id) for product_id in "ABC")


def an_item(key: ListingKey = A, *, album: str | None = None, photo: str = "photo", **fields: Value) -> Wanted:
    usual: dict[str, Value] = {"name": f"Товар {key.product_id}", "price": "10.00", "deleted": 0}
    return Wanted(key, usual | fields, album=album, photo=photo)


def a_link(item: Wanted, item_id: int = 1, **facts: Any) -> Link:
    """The record of an item that stands in VK as wanted."""
    usual: dict[str, Any] = {
        "state": LinkState.HIDDEN if item.is_hidden else LinkState.LIVE,
        "name": str(item.fields["name"]),
        "item_id": item_id,
        "sent": item.fields,
        "photo": item.photo,
        "album": item.album,
    }
    return Link(item.key, **(usual | facts))


def hidden(link: Link, out_since: datetime | None = None) -> Link:
    return replace(link, state=LinkState.HIDDEN, sent={**link.sent, "deleted": 1}, out_since=out_since)


def desired(*items: Wanted, **more: Any) -> Desired:
    wanted = {item.key: item for item in items}
    return Desired(wanted, **({"unfit": {}, "known": {*wanted}} | more))


def plan(wanted: Desired, *links: Link, albums: Albums | None = None) -> Plan:
    return make_plan(wanted, {link.key: link for link in links}, albums or Albums(), SETTINGS, now=NOW)


def actions(made: Plan) -> list[Action]:
    return [change.action for change in made.changes]


def only(made: Plan) -> Change:
    assert len(made.changes) == 1, made.changes
    return made.changes[0]


# Nothing, adds, edits


def test_nothing_wanted_and_nothing_there_is_an_empty_plan() -> None:
    assert plan(desired()).changes == ()


def test_an_item_that_stands_as_wanted_needs_nothing() -> None:
    assert plan(desired(an_item()), a_link(an_item())).changes == ()


def test_a_product_without_a_link_is_added_with_everything() -> None:
    item = an_item(album=None)

    assert only(plan(desired(item))) == Change(
        Action.ADD, "Товар A", A, fields=item.fields, photo="photo", digest=item.digest
    )


def test_an_edit_sends_only_what_changed() -> None:
    change = only(plan(desired(an_item(price="12.00")), a_link(an_item())))

    assert (change.action, change.item_id, change.fields, change.before) == (
        Action.EDIT,
        1,
        {"price": "12.00"},
        {"price": "10.00"},
    )
    assert change.photo is None


def test_a_field_of_which_we_cannot_be_sure_is_sent_again() -> None:
    link = a_link(an_item(), sent={"name": "Товар A", "deleted": 0})

    change = only(plan(desired(an_item()), link))

    assert (change.fields, change.before) == ({"price": "10.00"}, {"price": None})


def test_a_new_field_is_sent() -> None:
    assert only(plan(desired(an_item(stock_amount=5)), a_link(an_item()))).fields == {"stock_amount": 5}


def test_another_picture_is_an_edit_without_fields() -> None:
    change = only(plan(desired(an_item(photo="other")), a_link(an_item())))

    assert (change.action, change.photo, change.fields) == (Action.EDIT, "other", {})


def test_a_hidden_item_gets_no_new_picture() -> None:
    assert plan(desired(an_item(photo="other", deleted=1)), a_link(an_item(deleted=1))).changes == ()


# Sold out


def test_a_new_product_that_is_sold_out_is_skipped() -> None:
    made = plan(desired(an_item(deleted=1), sold_out={A}))

    assert made.changes == ()
    assert made.skipped == {A: SkipReason.SOLD_OUT}


def test_a_new_product_that_is_sold_out_is_skipped_even_where_such_are_shown() -> None:
    assert plan(desired(an_item(), sold_out={A})).changes == ()


def test_an_add_that_never_happened_is_not_repeated_once_sold_out() -> None:
    link = Link(A, LinkState.ADDING)

    assert plan(desired(an_item(deleted=1), sold_out={A}), link).changes == ()


def test_a_live_item_that_is_sold_out_is_hidden() -> None:
    change = only(plan(desired(an_item(deleted=1), sold_out={A}), a_link(an_item())))

    assert (change.action, change.fields, change.reason) == (Action.HIDE, {"deleted": 1}, SkipReason.SOLD_OUT)


def test_an_item_that_is_back_in_stock_is_shown_with_what_changed_meanwhile() -> None:
    change = only(plan(desired(an_item(price="12.00")), a_link(an_item(deleted=1))))

    assert (change.action, change.fields) == (Action.SHOW, {"deleted": 0, "price": "12.00"})


# Leaving the window


def test_an_unfit_item_is_hidden_for_its_reason() -> None:
    made = plan(desired(unfit={A: SkipReason.NO_PRICE}, known={A}), a_link(an_item()))

    assert (only(made).action, only(made).reason) == (Action.HIDE, SkipReason.NO_PRICE)
    assert made.skipped == {A: SkipReason.NO_PRICE}


def test_an_unfit_item_is_never_deleted_while_it_is_selected() -> None:
    link = hidden(a_link(an_item()), out_since=NOW - timedelta(days=400))

    assert plan(desired(unfit={A: SkipReason.NO_PRICE}, known={A}), link).changes == ()


@pytest.mark.parametrize(("known", "reason"), [({A}, Reason.OUT), (set(), Reason.MISSING)])
def test_what_left_the_selection_is_hidden_and_it_is_told_why(known: set[ListingKey], reason: Reason) -> None:
    change = only(plan(desired(known=known), a_link(an_item())))

    assert (change.action, change.name, change.item_id, change.reason) == (Action.HIDE, "Товар A", 1, reason)


def test_what_left_the_selection_is_hidden_before_it_is_deleted_however_long_it_is_out() -> None:
    link = a_link(an_item(), out_since=NOW - timedelta(days=400))

    assert actions(plan(desired(), link)) == [Action.HIDE]


@pytest.mark.parametrize(
    ("out_for", "expected"),
    [
        (timedelta(0), []),
        (timedelta(days=DAYS) - timedelta(seconds=1), []),
        (timedelta(days=DAYS), [Action.DELETE]),
    ],
)
def test_a_hidden_item_is_deleted_after_the_owners_days_only(out_for: timedelta, expected: list[Action]) -> None:
    assert actions(plan(desired(), hidden(a_link(an_item()), out_since=NOW - out_for))) == expected


def test_a_hidden_item_that_nobody_saw_leaving_is_not_deleted() -> None:
    assert plan(desired(), hidden(a_link(an_item()))).changes == ()


def test_an_item_whose_hiding_got_no_answer_is_hidden_again() -> None:
    link = a_link(an_item(), state=LinkState.HIDDEN, sent={}, out_since=NOW - timedelta(days=400))

    assert actions(plan(desired(), link)) == [Action.HIDE]


@pytest.mark.parametrize("link", [Link(A, LinkState.ADDING), Link(A, LinkState.GONE, item_id=1)])
def test_what_does_not_stand_in_vk_cannot_leave(link: Link) -> None:
    assert plan(desired(), link).changes == ()


# Held back


def test_an_item_that_the_owner_deleted_is_never_made_again() -> None:
    made = plan(desired(an_item(price="99.00")), Link(A, LinkState.GONE, item_id=1))

    assert made.changes == ()
    assert made.skipped == {A: Reason.GONE}


@pytest.mark.parametrize("state", [LinkState.ADDING, LinkState.LIVE])
def test_what_vk_refused_is_held_until_its_time(state: LinkState) -> None:
    item = an_item()
    link = Link(A, state, item_id=None if state is LinkState.ADDING else 1, failed_digest=item.digest, retry_after=NOW)
    still = replace(link, retry_after=NOW + timedelta(seconds=1))

    assert plan(desired(item), still).skipped == {A: Reason.REFUSED}
    assert plan(desired(item), still).changes == ()
    assert plan(desired(item), link).changes


def test_what_vk_refused_is_sent_at_once_when_it_changed() -> None:
    link = Link(A, LinkState.ADDING, failed_digest=an_item().digest, retry_after=NOW + timedelta(hours=6))

    assert actions(plan(desired(an_item(price="12.00")), link)) == [Action.ADD]


def test_an_add_without_an_answer_is_held_until_it_may_be_looked_up_again() -> None:
    held = Link(A, LinkState.ADDING, retry_after=NOW + timedelta(seconds=1))

    assert plan(desired(an_item()), held).skipped == {A: Reason.UNCERTAIN}
    assert actions(plan(desired(an_item()), replace(held, retry_after=NOW))) == [Action.ADD]


def test_what_is_held_back_leaves_the_albums_alone() -> None:
    held = a_link(an_item(album="Сыры"), state=LinkState.GONE)

    assert plan(desired(an_item(album="Чай")), held).changes == ()


# Order and figures


def a_bit_of_everything() -> Plan:
    """One change of every kind, given to the plan in the wrong order."""
    keys = {name: ListingKey("S1", name) for name in ("new", "moved", "shown", "named", "priced", "out", "old")}
    wanted = {
        "new": an_item(keys["new"], album="Новые"),
        "moved": an_item(keys["moved"], album="Чай"),
        "shown": an_item(keys["shown"]),
        "named": an_item(keys["named"], name="Другое имя"),
        "priced": an_item(keys["priced"], price="11.00"),
    }
    links = [
        a_link(wanted["moved"], 1, album="Сыры"),
        a_link(an_item(keys["shown"], deleted=1), 2),
        a_link(an_item(keys["named"]), 3),
        a_link(an_item(keys["priced"]), 4),
        a_link(an_item(keys["out"]), 5),
        hidden(a_link(an_item(keys["old"]), 6), out_since=NOW - timedelta(days=30)),
    ]
    albums = Albums(ours=frozenset({"Чай", "Сыры"}))
    return plan(desired(*wanted.values(), known=set(keys.values())), *links, albums=albums)


def test_what_protects_the_merchant_goes_first_and_what_cannot_be_undone_goes_last() -> None:
    assert [(change.action, change.name) for change in a_bit_of_everything().changes] == [
        (Action.HIDE, "Товар out"),
        (Action.EDIT, "Товар priced"),
        (Action.EDIT, "Другое имя"),
        (Action.SHOW, "Товар shown"),
        (Action.ADD, "Товар new"),
        (Action.ALBUM_ADD, "Новые"),
        (Action.ALBUM_REMOVE, "Товар moved"),
        (Action.ALBUM_PUT, "Товар new"),
        (Action.ALBUM_PUT, "Товар moved"),
        (Action.DELETE, "Товар old"),
    ]


def test_changes_are_counted_by_action() -> None:
    assert a_bit_of_everything().counts == {
        Action.HIDE: 1,
        Action.EDIT: 2,
        Action.SHOW: 1,
        Action.ADD: 1,
        Action.ALBUM_ADD: 1,
        Action.ALBUM_REMOVE: 1,
        Action.ALBUM_PUT: 2,
        Action.DELETE: 1,
    }


def test_what_is_skipped_is_counted_by_reason() -> None:
    unfit = {A: SkipReason.NO_PRICE, B: SkipReason.NO_PRICE, C: SkipReason.REVIEW}

    assert plan(desired(unfit=unfit)).skipped_counts == {"no_price": 2, "review": 1}


def test_only_live_items_count_as_live() -> None:
    links = (a_link(an_item(A)), hidden(a_link(an_item(B), 2)), Link(C, LinkState.ADDING))

    assert plan(desired(an_item(A)), *links).live == 1


def test_shared_barcodes_are_passed_on() -> None:
    assert plan(desired(shared=3)).shared == 3


# Albums


def test_an_item_of_a_new_album_is_put_into_it() -> None:
    made = plan(desired(an_item(album="Чай")), a_link(an_item()))

    assert [(change.action, change.album, change.item_id) for change in made.changes] == [
        (Action.ALBUM_ADD, "Чай", None),
        (Action.ALBUM_PUT, "Чай", 1),
    ]


def test_an_album_of_ours_is_not_made_again() -> None:
    made = plan(desired(an_item(album="Чай")), albums=Albums(ours=frozenset({"Чай"})))

    assert actions(made) == [Action.ADD, Action.ALBUM_PUT]


def test_an_album_of_which_we_cannot_be_sure_is_left_for_later() -> None:
    made = plan(desired(an_item(album="Чай")), a_link(an_item()), albums=Albums(uncertain=frozenset({"Чай"})))

    assert made.changes == ()


def test_an_item_that_changed_its_group_moves() -> None:
    made = plan(
        desired(an_item(album="Чай")), a_link(an_item(album="Сыры")), albums=Albums(ours=frozenset({"Чай", "Сыры"}))
    )

    assert [(change.action, change.album) for change in made.changes] == [
        (Action.ALBUM_REMOVE, "Сыры"),
        (Action.ALBUM_PUT, "Чай"),
    ]


def test_an_item_that_lost_its_group_leaves_the_album() -> None:
    change = only(plan(desired(an_item()), a_link(an_item(album="Сыры")), albums=Albums(ours=frozenset({"Сыры"}))))

    assert (change.action, change.album) == (Action.ALBUM_REMOVE, "Сыры")


def test_a_hidden_item_stays_in_its_album() -> None:
    item = an_item(deleted=1)

    assert plan(desired(item), a_link(item, album="Сыры"), albums=Albums(ours=frozenset({"Сыры"}))).changes == ()


def test_an_album_call_without_an_answer_is_repeated() -> None:
    link = a_link(an_item(album="Чай"), album=None, album_intent="Чай")

    change = only(plan(desired(an_item(album="Чай")), link, albums=Albums(ours=frozenset({"Чай"}))))

    assert (change.action, change.album) == (Action.ALBUM_PUT, "Чай")


def test_an_item_leaves_every_album_in_which_it_may_stand() -> None:
    link = a_link(an_item(), album="Сыры", album_intent="Хлеб")
    albums = Albums(ours=frozenset({"Чай", "Сыры", "Хлеб"}))

    made = plan(desired(an_item(album="Чай")), link, albums=albums)

    removed = {change.album for change in made.changes if change.action is Action.ALBUM_REMOVE}
    assert removed == {"Сыры", "Хлеб"}
    assert actions(made)[-1] is Action.ALBUM_PUT


def many(title: str, number: int) -> list[Wanted]:
    return [an_item(ListingKey(title, f"{index:04}"), album=title) for index in range(number)]


def albums_made(made: Plan) -> list[str | None]:
    return [change.album for change in made.changes if change.action is Action.ALBUM_ADD]


def test_free_places_go_to_the_fullest_groups() -> None:
    goods = [*many("малая", 1), *many("большая", 3), *many("средняя", 2)]

    made = plan(desired(*goods), albums=Albums(foreign=98))

    assert albums_made(made) == ["большая", "средняя"]
    assert made.counts[Action.ALBUM_PUT] == 5


def test_groups_of_one_size_take_places_by_name() -> None:
    goods = [*many("б", 1), *many("в", 1), *many("а", 1)]

    assert albums_made(plan(desired(*goods), albums=Albums(foreign=98))) == ["а", "б"]


@pytest.mark.parametrize(
    "albums",
    [
        Albums(foreign=100),
        Albums(foreign=120),
        Albums(ours=frozenset(map(str, range(100)))),
        Albums(ours=frozenset(map(str, range(50))), uncertain=frozenset(map(str, range(50, 70))), foreign=30),
    ],
)
def test_a_hundred_albums_is_the_end_whoever_made_them(albums: Albums) -> None:
    made = plan(desired(an_item(album="Чай")), albums=albums)

    assert actions(made) == [Action.ADD]


def test_an_album_once_made_stays_ours_however_small() -> None:
    goods = [*many("малая", 1), *many("большая", 3)]

    made = plan(desired(*goods), albums=Albums(ours=frozenset({"малая"}), foreign=99))

    assert albums_made(made) == []
    assert {change.album for change in made.changes if change.action is Action.ALBUM_PUT} == {"малая"}


def test_an_album_of_a_thousand_keeps_those_that_are_in_it() -> None:
    first, *rest = many("Чай", 1001)
    links = [a_link(first, 1, album=None), *(a_link(item, index) for index, item in enumerate(rest, start=2))]

    assert plan(desired(first, *rest), *links, albums=Albums(ours=frozenset({"Чай"}))).changes == ()


def test_of_more_than_a_thousand_new_items_a_thousand_get_the_album() -> None:
    made = plan(desired(*many("Чай", 1005)))

    assert made.counts[Action.ALBUM_PUT] == 1000


# Albums that get another title


def renamed(made: Plan) -> list[tuple[str, str]]:
    return [
        (str(change.before["album"]), str(change.album))
        for change in made.changes
        if change.action is Action.ALBUM_RENAME
    ]


def test_a_group_with_a_new_name_takes_its_album_along() -> None:
    links = [a_link(an_item(key, album="Чай"), number) for number, key in enumerate((A, B), start=1)]
    made = plan(
        desired(*(an_item(key, album="Чай и кофе") for key in (A, B))), *links, albums=Albums(frozenset({"Чай"}))
    )

    assert renamed(made) == [("Чай", "Чай и кофе")]
    assert actions(made) == [Action.ALBUM_RENAME]


def test_new_items_join_an_album_under_its_new_title() -> None:
    made = plan(
        desired(an_item(A, album="Кофе"), an_item(B, album="Кофе")),
        a_link(an_item(A, album="Чай")),
        albums=Albums(frozenset({"Чай"})),
    )

    assert actions(made) == [Action.ADD, Action.ALBUM_RENAME, Action.ALBUM_PUT]


@pytest.mark.parametrize(
    ("albums", "wishes"),
    [
        (Albums(frozenset({"Чай", "Кофе"})), ("Кофе", "Кофе")),  # it exists already
        (Albums(frozenset({"Чай"}), uncertain=frozenset({"Кофе"})), ("Кофе", "Кофе")),  # it may exist
        (Albums(frozenset({"Чай"})), ("Кофе", "Мёд")),  # they go different ways
        (Albums(frozenset({"Чай"})), ("Чай", "Кофе")),  # some stay
        (Albums(frozenset({"Чай"})), (None, None)),  # they need none
    ],
)
def test_an_album_is_not_renamed_unless_everything_in_it_goes_to_one_new_title(
    albums: Albums, wishes: tuple[str | None, str | None]
) -> None:
    links = [a_link(an_item(key, album="Чай"), number) for number, key in enumerate((A, B), start=1)]
    items = [an_item(key, album=title) for key, title in zip((A, B), wishes, strict=True)]

    assert renamed(plan(desired(*items), *links, albums=albums)) == []


def test_of_two_albums_that_become_one_the_larger_is_renamed() -> None:
    links = [
        a_link(an_item(A, album="Чай"), 1),
        a_link(an_item(B, album="Мёд"), 2),
        a_link(an_item(C, album="Мёд"), 3),
    ]
    made = plan(
        desired(*(an_item(key, album="Всё") for key in (A, B, C))), *links, albums=Albums(frozenset({"Чай", "Мёд"}))
    )

    assert renamed(made) == [("Мёд", "Всё")]
    assert [(change.action, change.key) for change in made.changes[1:]] == [
        (Action.ALBUM_REMOVE, A),
        (Action.ALBUM_PUT, A),
    ]


def test_a_title_of_which_we_cannot_be_sure_is_given_again() -> None:
    albums = Albums(frozenset({"Чай"}), renaming=frozenset({"Чай"}))

    assert renamed(plan(desired(an_item(album="Чай")), a_link(an_item(album="Чай")), albums=albums)) == [("Чай", "Чай")]


def test_a_full_album_takes_nothing_more_and_keeps_what_it_has() -> None:
    albums = Albums(frozenset({"Чай"}), full=frozenset({"Чай"}))
    made = plan(
        desired(an_item(A, album="Чай"), an_item(B, album="Чай")), a_link(an_item(A, album="Чай")), albums=albums
    )

    assert actions(made) == [Action.ADD]


# Put back, left, and adopted


def drifted(**sent: Value) -> Link:
    item = an_item()
    return a_link(item, sent={**item.fields, **sent}, drift=frozenset(sent))


def test_what_was_changed_in_vk_by_hand_is_put_back() -> None:
    change = only(plan(desired(an_item()), drifted(name="Со скидкой")))

    assert (change.fields, change.before, change.reason) == (
        {"name": "Товар A"},
        {"name": "Со скидкой"},
        Reason.DRIFT,
    )


@pytest.mark.parametrize("field", ["name", "description"])
def test_what_the_owner_edits_in_vk_is_left(field: str) -> None:
    left = OwnerSettings(edited_in_vk=frozenset({HandField(field)}))
    item = an_item(description="Наше описание")
    link = a_link(item, sent={**item.fields, field: "Со скидкой"})

    assert make_plan(desired(item), {A: link}, Albums(), left, now=NOW).changes == ()


@pytest.mark.parametrize("facts", [{"keeps_photo": True}, {}])
def test_a_picture_that_a_person_chose_is_left(facts: dict[str, bool]) -> None:
    left = OwnerSettings(edited_in_vk=frozenset() if facts else frozenset({HandField.PHOTO}))
    link = a_link(an_item(), photo=None, **facts)

    assert make_plan(desired(an_item()), {A: link}, Albums(), left, now=NOW).changes == ()


def test_an_adopted_item_is_given_our_sku_once() -> None:
    item = an_item()
    foreign = a_link(item, sent={**item.fields, "sku": "theirs"}, is_adopted=True)
    ours = a_link(item, sent={**item.fields, "sku": "ev:A"}, is_adopted=True)

    assert only(plan(desired(item), foreign)).fields == {"sku": "ev:A"}
    assert plan(desired(item), ours).changes == ()


def test_a_product_like_an_item_of_others_waits_for_the_owner() -> None:
    waiting = make_plan(desired(an_item(A), an_item(B)), {}, Albums(), SETTINGS, now=NOW, undecided={A})

    assert [change.key for change in waiting.changes] == [B]
    assert waiting.skipped == {A: Reason.SIMILAR}


def test_an_add_that_may_have_happened_is_looked_up_whatever_the_owner_says() -> None:
    link = Link(A, LinkState.ADDING, retry_after=NOW)

    assert actions(make_plan(desired(an_item()), {A: link}, Albums(), SETTINGS, now=NOW, undecided={A})) == [Action.ADD]


def test_prices_and_texts_go_in_edits_of_their_own() -> None:
    """A text or a picture that VK refuses must not hold a price up."""
    made = plan(desired(an_item(price="12.00", name="Другое имя", photo="other")), a_link(an_item()))

    assert [(change.fields, change.photo) for change in made.changes] == [
        ({"price": "12.00"}, None),
        ({"name": "Другое имя"}, "other"),
    ]


def test_what_leaves_with_a_closed_store_says_so() -> None:
    made = plan(desired(closed_stores=frozenset({"S1"})), a_link(an_item()))

    assert (only(made).action, only(made).reason) == (Action.HIDE, Reason.CLOSED)


def test_the_deletion_of_what_was_hidden_with_approval_is_marked() -> None:
    link = hidden(a_link(an_item(), hide_approved=True), out_since=NOW - timedelta(days=DAYS))

    assert only(plan(desired(), link)).is_approved


# A plan carried out leaves nothing to do


@dataclass
class Market:
    """What our records say after every change of a plan was carried out."""

    links: dict[ListingKey, Link]
    albums: Albums

    def apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if change.action is Action.ALBUM_ADD:
                assert change.album is not None
                self.albums = replace(self.albums, ours=self.albums.ours | {change.album})
            elif change.action is Action.ALBUM_RENAME:
                self._rename(str(change.before["album"]), change.album or "")
            else:
                assert change.key is not None
                self._apply_to_item(change, change.key)

    def _rename(self, old: str, new: str) -> None:
        assert old in self.albums.ours
        ours, renaming = self.albums.ours - {old} | {new}, self.albums.renaming - {old}
        self.albums = replace(self.albums, ours=ours, renaming=renaming)
        for key, link in self.links.items():
            self.links[key] = replace(
                link,
                album=new if link.album == old else link.album,
                album_intent=new if link.album_intent == old else link.album_intent,
            )

    def _apply_to_item(self, change: Change, key: ListingKey) -> None:
        if change.action is Action.DELETE:
            del self.links[key]
            return
        link = self.links.get(key) or Link(key, LinkState.ADDING)
        if change.action is Action.ADD:
            assert link.item_id is None, "a second item"
            link = replace(link, item_id=len(self.links) + 1000, sent={}, album=None, album_intent=None)
        assert link.item_id is not None
        if change.action is Action.ALBUM_PUT:
            assert change.album in self.albums.ours
            link = replace(link, album=change.album, album_intent=None)
        elif change.action is Action.ALBUM_REMOVE:
            kept = None if link.album == change.album else link.album
            link = replace(link, album=kept, album_intent=None)
        else:
            link = self._edited(link, change)
        self.links[key] = link

    def _edited(self, link: Link, change: Change) -> Link:
        sent: Mapping[str, Value] = {**link.sent, **change.fields}
        state = LinkState.HIDDEN if sent.get("deleted") == 1 else LinkState.LIVE
        return replace(link, sent=sent, state=state, photo=change.photo or link.photo, name=change.name)


KEYS = [ListingKey("S1", product_id) for product_id in "ABCDEF"]
TITLES = ["Чай", "Сыры", "Хлеб"]
titles = st.sampled_from([None, *TITLES])
prices = st.sampled_from(["10.00", "12.00"])
times = st.sampled_from([None, NOW - timedelta(days=30), NOW, NOW + timedelta(hours=1)])


@st.composite
def wishes(draw: st.DrawFn) -> Desired:
    wanted: dict[ListingKey, Wanted] = {}
    unfit: dict[ListingKey, SkipReason] = {}
    sold_out: set[ListingKey] = set()
    known: set[ListingKey] = set()
    for key in KEYS:
        fate = draw(st.sampled_from(["wanted", "sold out", "unfit", "out", "missing"]))
        if fate in ("wanted", "sold out"):
            gone = fate == "sold out"
            album = None if gone else draw(titles)
            wanted[key] = an_item(key, album=album, price=draw(prices), deleted=int(gone))
            sold_out |= {key} if gone else set()
        if fate == "unfit":
            unfit[key] = SkipReason.NO_PRICE
        if fate != "missing":
            known.add(key)
    return Desired(wanted, unfit, frozenset(sold_out), known)


@st.composite
def a_record(draw: st.DrawFn, key: ListingKey, wanted: Wanted | None, item_id: int) -> Link:
    state = draw(st.sampled_from(LinkState))
    sent: dict[str, Value] = {"name": f"Товар {key.product_id}", "price": draw(prices)}
    sent["deleted"] = int(state is LinkState.HIDDEN)
    for unsure in draw(st.sets(st.sampled_from(sorted(sent)))):
        del sent[unsure]
    return Link(
        key,
        state,
        name=f"Товар {key.product_id}",
        item_id=None if state is LinkState.ADDING else item_id,
        sent={} if state is LinkState.ADDING else sent,
        photo=draw(st.sampled_from([None, "photo", "other"])),
        album=None if state is LinkState.ADDING else draw(titles),
        album_intent=None if state is LinkState.ADDING else draw(titles),
        out_since=draw(times) if sent.get("deleted") == 1 else None,
        failed_digest=draw(st.sampled_from([None, wanted.digest if wanted else "other"])),
        retry_after=draw(times),
    )


@st.composite
def situations(draw: st.DrawFn) -> tuple[Desired, Market]:
    wish = draw(wishes())
    links = {
        key: draw(a_record(key, wish.wanted.get(key), number))
        for number, key in enumerate(KEYS, start=1)
        if draw(st.booleans())
    }
    ours = draw(st.frozensets(st.sampled_from(TITLES)))
    uncertain = draw(st.frozensets(st.sampled_from(TITLES))) - ours
    renaming = draw(st.frozensets(st.sampled_from(TITLES))) & ours
    foreign = draw(st.sampled_from([0, 97, 100]))
    return wish, Market(links, Albums(ours, uncertain, renaming, foreign=foreign))


def next_plan(wish: Desired, market: Market) -> Plan:
    return make_plan(wish, market.links, market.albums, SETTINGS, now=NOW)


@given(situations())
def test_a_plan_carried_out_leaves_nothing_to_do(situation: tuple[Desired, Market]) -> None:
    wish, market = situation
    market.apply(next_plan(wish, market).changes)

    assert next_plan(wish, market).changes == ()


@given(situations())
def test_after_a_plan_exactly_the_wanted_items_are_shown(situation: tuple[Desired, Market]) -> None:
    wish, market = situation
    made = next_plan(wish, market)
    market.apply(made.changes)

    for key, link in market.links.items():
        item = wish.wanted.get(key)
        if link.item_id is None or link.state is LinkState.GONE or (key in made.skipped and item is not None):
            continue
        assert (link.state is LinkState.LIVE) is (item is not None and not item.is_hidden)
    shown = {key for key, item in wish.wanted.items() if not item.is_hidden and key not in made.skipped}
    assert shown <= market.links.keys()


@given(situations())
def test_no_field_of_an_item_is_sent_twice(situation: tuple[Desired, Market]) -> None:
    wish, market = situation
    albums = {Action.ALBUM_RENAME, Action.ALBUM_ADD, Action.ALBUM_PUT, Action.ALBUM_REMOVE}
    changes = [change for change in next_plan(wish, market).changes if change.action not in albums]
    sent = [(change.key, field) for change in changes for field in (*change.fields, "photo" if change.photo else None)]

    assert len(set(sent) - {(key, None) for key in KEYS}) == len([entry for entry in sent if entry[1]])


@given(situations())
def test_an_item_that_exists_is_never_added_again(situation: tuple[Desired, Market]) -> None:
    wish, market = situation
    added = {change.key for change in next_plan(wish, market).changes if change.action is Action.ADD}

    assert not added & {key for key, link in market.links.items() if link.item_id is not None}


@given(situations())
def test_what_is_selected_is_never_deleted(situation: tuple[Desired, Market]) -> None:
    wish, market = situation
    deleted = {change.key for change in next_plan(wish, market).changes if change.action is Action.DELETE}

    assert not deleted & (wish.wanted.keys() | wish.unfit.keys())
