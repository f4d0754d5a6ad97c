"""Which changes go together in one call."""

from app.domain.planning.changes import Action, Change
from app.domain.planning.pieces import pieces


def put(album: str, name: str) -> Change:
    return Change(Action.ALBUM_PUT, name, album=album)


def names(changes: list[Change], most: int = 100) -> list[str]:
    return ["".join(change.name for change in piece) for piece in pieces(changes, most)]


def test_what_follows_each_other_into_one_album_goes_together() -> None:
    assert names([put("Чай", "a"), put("Чай", "b"), put("Мёд", "c"), put("Мёд", "d")]) == ["ab", "cd"]


def test_what_comes_between_parts_them() -> None:
    assert names([put("Чай", "a"), put("Мёд", "b"), put("Чай", "c")]) == ["a", "b", "c"]


def test_a_long_row_is_cut() -> None:
    assert names([put("Чай", name) for name in "abcdefg"], most=3) == ["abc", "def", "g"]


def test_every_other_change_goes_by_itself() -> None:
    others = [Change(action, action[0], album="Чай") for action in Action if action is not Action.ALBUM_PUT]

    assert [len(piece) for piece in pieces(others, 100)] == [1] * len(others)


def test_no_changes_are_no_pieces() -> None:
    assert names([]) == []
