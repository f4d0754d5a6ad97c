"""The plan: what it changes, what it leaves alone, and in which order."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.listing.fitness import SkipReason
from app.domain.listing.key import ListingKey, Value
from app.domain.listing.owner_settings import HandField, OwnerSettings
from app.domain.planning.albums import Albums
from app.domain.planning.changes import Action, Change, Link, LinkState, Reason, published
from app.domain.planning.plan import Plan, make_plan
from tests.support.plans import DAYS, NOW, SETTINGS, A, B, C, a_link, actions, an_item, desired, hidden, only, plan

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


def test_what_vk_held_before_a_write_without_an_answer_is_where_a_price_moves_from() -> None:
    link = a_link(an_item(), sent={"name": "Товар A", "deleted": 0}, sent_before={"price": "9.00"})

    change = only(plan(desired(an_item()), link))

    assert (change.fields, change.before) == ({"price": "10.00"}, {"price": "9.00"})


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
    still = link._replace(retry_after=NOW + timedelta(seconds=1))

    kept_out = Reason.OUTDATED if state is LinkState.LIVE else Reason.REFUSED
    assert plan(desired(item), still).skipped == {A: kept_out}
    assert published(plan(desired(item), still).skipped_counts) == {"refused": 1}, "as scripts have always read it"
    assert plan(desired(item), still).changes == ()
    assert plan(desired(item), link).changes


def test_what_vk_refused_is_sent_at_once_when_it_changed() -> None:
    link = Link(A, LinkState.ADDING, failed_digest=an_item().digest, retry_after=NOW + timedelta(hours=6))

    assert actions(plan(desired(an_item(price="12.00")), link)) == [Action.ADD]


def test_an_add_without_an_answer_is_held_until_it_may_be_looked_up_again() -> None:
    held = Link(A, LinkState.ADDING, retry_after=NOW + timedelta(seconds=1))

    assert plan(desired(an_item()), held).skipped == {A: Reason.UNCERTAIN}
    assert actions(plan(desired(an_item()), held._replace(retry_after=NOW))) == [Action.ADD]


def test_albums_stay_as_they_are_where_the_owner_keeps_them() -> None:
    """Nothing is made, filled, renamed or emptied."""
    items = [an_item(A), an_item(B)]
    links = {item.key: a_link(item, number, album="Чай") for number, item in enumerate(items)}
    albums = Albums(ours=frozenset({"Чай", "Сыры"}), renaming=frozenset({"Сыры"}))

    made = make_plan(desired(*items), links, albums, replace(SETTINGS, with_albums=False), now=NOW)

    assert made.changes == ()


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
