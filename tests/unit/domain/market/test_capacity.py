"""VK's limits held against a plan."""

from app.domain.listing.key import ListingKey
from app.domain.market.capacity import room_for
from app.domain.planning.albums import Albums
from app.domain.planning.changes import LinkState
from app.domain.planning.summary import summary_of
from app.domain.vk_limits import ITEMS_MAX
from tests.support.plans import A, B, C, a_link, an_item, desired, hidden, plan


def test_items_of_others_and_ours_are_counted_before_and_after() -> None:
    made = plan(desired(an_item(A), an_item(B)), a_link(an_item(A)))

    room = room_for(summary_of(made), Albums(foreign=3), items=8)

    assert (room.items.now, room.items.after, room.items.over) == (8, 9, 0)
    assert (room.albums.now, room.albums.after) == (3, 3)
    assert not room.left_out and not room.crowded


def test_what_does_not_fit_into_the_community_is_counted() -> None:
    made = plan(desired(an_item(A), an_item(B), an_item(C)))

    room = room_for(summary_of(made), Albums(), items=ITEMS_MAX - 1)

    assert room.items.over == 2


def test_groups_without_a_place_are_named_the_fullest_first() -> None:
    keys = [ListingKey("S1", f"P{number}") for number in range(4)]
    titles = ["Чай", "Мёд", "Мёд", "Соль"]
    made = plan(
        desired(*(an_item(key, album=title) for key, title in zip(keys, titles, strict=True))),
        albums=Albums(foreign=99),
    )

    room = room_for(summary_of(made), Albums(foreign=99), items=0)

    assert list(room.left_out) == ["Соль", "Чай"] and room.albums.after == 100


def test_an_album_that_stands_or_is_renamed_or_is_on_its_way_is_not_left_out() -> None:
    albums = Albums(ours=frozenset({"Чай", "Старое"}), uncertain=frozenset({"Мёд"}), foreign=98)
    old = an_item(C, album="Старое")
    made = plan(
        desired(an_item(A, album="Чай"), an_item(B, album="Мёд"), an_item(C, album="Новое")), a_link(old), albums=albums
    )

    assert list(room_for(summary_of(made), albums, items=1).left_out) == []


def test_an_album_that_wants_more_than_it_holds_is_named() -> None:
    crowd = [an_item(ListingKey("S1", f"P{number}"), album="Чай") for number in range(1001)]
    full = Albums(ours=frozenset({"Мёд"}), full=frozenset({"Мёд"}))

    room = room_for(summary_of(plan(desired(*crowd, an_item(A, album="Мёд")), albums=full)), full, items=0)

    assert list(room.crowded) == ["Чай", "Мёд"]


def test_only_what_buyers_will_see_is_in_view() -> None:
    gone = a_link(an_item(C), state=LinkState.GONE)

    made = plan(desired(an_item(A), an_item(B, deleted=1), an_item(C)), hidden(a_link(an_item(B))), gone)

    assert made.in_view == 1
