"""Which items are put into which album, and which albums are made or get another title."""

import pytest

from app.domain.listing.key import ListingKey
from app.domain.listing.wanted import Wanted
from app.domain.planning.albums import Albums
from app.domain.planning.changes import Action
from app.domain.planning.plan import Plan
from tests.support.plans import A, B, C, a_link, actions, an_item, desired, only, plan


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


def test_items_of_one_album_are_put_one_after_the_other() -> None:
    keys = [ListingKey("S1", str(number)) for number in range(6)]
    goods = [an_item(key, album="БАВ"[number % 3]) for number, key in enumerate(keys)]

    made = plan(desired(*goods), albums=Albums(ours=frozenset("АБВ")))

    puts = [(change.album, change.key) for change in made.changes if change.action is Action.ALBUM_PUT]
    assert puts == [(album, keys[number]) for album, number in zip("ААББВВ", (1, 4, 0, 3, 2, 5), strict=True)]


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


# Groups that a person calls the same


def placed(made: Plan) -> dict[ListingKey | None, str | None]:
    return {change.key: change.album for change in made.changes if change.action is Action.ALBUM_PUT}


ALIKE = [
    ("Чай", "ЧАЙ"),
    ("Чай", "чай"),
    ("Мёд", "Мед"),
    ("Сыры", "Cыры"),
    ("Соки-воды", "Соки–воды"),
    ("«Чай»", "Чай"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_groups_of_one_name_share_an_album_under_the_title_of_most(one: str, other: str) -> None:
    goods = [an_item(A, album=other), an_item(B, album=one), an_item(C, album=one)]

    made = plan(desired(*goods))

    assert albums_made(made) == [one]
    assert placed(made) == {A: one, B: one, C: one}
    assert made.crowds == {one: 3}


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_the_album_that_stands_is_the_one(one: str, other: str) -> None:
    goods = [an_item(A, album=other), an_item(B, album=other), an_item(C, album=one)]

    made = plan(desired(*goods), a_link(goods[2], album=one), albums=Albums(ours=frozenset({one})))

    assert albums_made(made) == []
    assert placed(made) == {A: one, B: one}


def test_an_album_that_may_stand_already_is_waited_for() -> None:
    goods = [an_item(A, album="ЧАЙ"), an_item(B, album="Чай")]

    made = plan(desired(*goods), albums=Albums(uncertain=frozenset({"Чай"})))

    assert (albums_made(made), placed(made)) == ([], {})


def test_where_two_stand_from_before_both_stay() -> None:
    goods = [an_item(A, album="Чай"), an_item(B, album="ЧАЙ"), an_item(C, album="чай")]
    links = [a_link(goods[0], album="Чай"), a_link(goods[1], album="ЧАЙ", item_id=2)]

    made = plan(desired(*goods), *links, albums=Albums(ours=frozenset({"Чай", "ЧАЙ"})))

    assert albums_made(made) == []
    assert made.counts[Action.ALBUM_REMOVE] == made.counts[Action.ALBUM_RENAME] == 0
    assert placed(made) in ({C: "Чай"}, {C: "ЧАЙ"})


def test_a_group_that_is_spelled_anew_takes_its_album_along() -> None:
    goods = [an_item(A, album="Чай"), an_item(B, album="Чай")]
    links = [a_link(item, album="чай", item_id=number) for number, item in enumerate(goods, 1)]

    change = only(plan(desired(*goods), *links, albums=Albums(ours=frozenset({"чай"}))))

    assert (change.action, change.album, change.before) == (Action.ALBUM_RENAME, "Чай", {"album": "чай"})


def test_a_title_that_vk_did_not_take_splits_no_album() -> None:
    goods = [an_item(A, album="Чай"), an_item(B, album="Чай")]
    links = [a_link(item, album="чай", item_id=number) for number, item in enumerate(goods, 1)]
    albums = Albums(ours=frozenset({"чай"}), stuck=frozenset({"чай"}))

    assert plan(desired(*goods), *links, albums=albums).changes == ()
