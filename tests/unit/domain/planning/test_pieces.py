"""Which changes go together in one request."""

from typing import Any

from app.domain.listing.key import ListingKey
from app.domain.planning.changes import Action, Change
from app.domain.planning.pieces import pieces, requests_of


def change(action: Action, name: str, **more: Any) -> Change:
    return Change(action, name, ListingKey("S", name), **more)


def put(album: str, name: str) -> Change:
    return change(Action.ALBUM_PUT, name, album=album)


def edits(names: str) -> list[Change]:
    return [change(Action.EDIT, name) for name in names]


def names(changes: list[Change], most: int = 100) -> list[str]:
    return ["".join(change.name for change in piece) for piece in pieces(changes, lambda _action: most)]


def test_what_follows_each_other_into_one_album_goes_together() -> None:
    assert names([put("Чай", "a"), put("Чай", "b"), put("Мёд", "c"), put("Мёд", "d")]) == ["ab", "cd"]


def test_what_comes_between_parts_them() -> None:
    assert names([put("Чай", "a"), put("Мёд", "b"), put("Чай", "c")]) == ["a", "b", "c"]


def test_hides_edits_and_shows_that_follow_each_other_go_together() -> None:
    changes = [change(Action.HIDE, "a"), change(Action.EDIT, "b"), change(Action.SHOW, "c"), change(Action.ADD, "d")]
    assert names([*changes, *edits("e"), change(Action.DELETE, "f"), change(Action.DELETE, "g")]) == [
        *("abc", "d", "e", "fg")
    ]


def test_a_long_row_is_cut() -> None:
    assert names([put("Чай", name) for name in "abcdefg"], most=3) == ["abc", "def", "g"]
    assert names(edits("abcdefg"), most=3) == ["abc", "def", "g"]


def test_how_many_may_go_together_is_asked_anew_for_every_piece() -> None:
    room = [3]
    found = []
    for piece in pieces(edits("abcdefg"), lambda _action: room[-1]):
        found.append("".join(one.name for one in piece))
        room.append(2)
    assert found == ["abc", "de", "fg"]


def test_one_at_a_time_is_what_it_was() -> None:
    assert names(edits("abc"), most=1) == ["a", "b", "c"]


def test_an_item_is_in_one_piece_once() -> None:
    assert names(edits("abab")) == ["ab", "ab"]


def test_edits_with_a_new_picture_go_with_their_like() -> None:
    pictured = [change(Action.EDIT, name, photo="new") for name in "cd"]
    assert names([*edits("ab"), *pictured, *edits("ef")]) == ["ab", "cd", "ef"]


def test_new_items_go_together() -> None:
    assert names([*edits("a"), *(change(Action.ADD, name, photo="new") for name in "bcd")]) == ["a", "bcd"]


def test_new_items_that_bear_the_same_mark_do_not() -> None:
    """By it a lost one is found."""
    stores = [Change(Action.ADD, store, ListingKey(store, "P")) for store in "ab"]
    assert names(stores) == ["a", "b"]


def test_new_albums_go_together() -> None:
    albums = [Change(Action.ALBUM_ADD, title, album=title) for title in "ab"]
    assert names([*albums, Change(Action.ALBUM_ADD, "b", album="b")]) == ["ab", "b"]


def test_an_item_without_a_record_goes_by_itself() -> None:
    assert names([*edits("ab"), Change(Action.HIDE, "c", item_id=5), *edits("de")]) == ["ab", "c", "de"]


def test_what_leaves_its_albums_goes_together() -> None:
    leaving = [change(Action.ALBUM_REMOVE, name, album=album) for name, album in (("a", "Чай"), ("b", "Мёд"))]
    assert names([*leaving, put("Мёд", "c")]) == ["ab", "c"]


def test_every_other_change_goes_by_itself() -> None:
    renames = [change(Action.ALBUM_RENAME, name, album=name) for name in "ab"]
    assert names(renames) == ["a", "b"]


def test_no_changes_are_no_pieces() -> None:
    assert names([]) == []


def test_a_piece_costs_a_request_and_what_its_pictures_do() -> None:
    pictured = [change(Action.ADD, str(number), photo="p") for number in range(25)]
    assert requests_of(pictured, 5) == 7, "one for the addresses, five saves, one for all the items"
    assert requests_of(pictured[:1], 1) == 3
    assert requests_of(edits("abc"), 5) == 1
