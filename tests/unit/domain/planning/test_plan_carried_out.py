"""A plan carried out leaves nothing to do, whatever stood there before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.listing.fitness import SkipReason
from app.domain.listing.key import ListingKey, Value
from app.domain.listing.wanted import Wanted
from app.domain.planning.albums import Albums
from app.domain.planning.changes import Action, Change, Link, LinkState
from app.domain.planning.plan import Desired, Plan, make_plan
from tests.support.plans import NOW, SETTINGS, an_item


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
            self.links[key] = link._replace(
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
            link = link._replace(item_id=len(self.links) + 1000, sent={}, album=None, album_intent=None)
        assert link.item_id is not None
        if change.action is Action.ALBUM_PUT:
            assert change.album in self.albums.ours
            link = link._replace(album=change.album, album_intent=None)
        elif change.action is Action.ALBUM_REMOVE:
            kept = None if link.album == change.album else link.album
            link = link._replace(album=kept, album_intent=None)
        else:
            link = self._edited(link, change)
        self.links[key] = link

    def _edited(self, link: Link, change: Change) -> Link:
        sent: Mapping[str, Value] = {**link.sent, **change.fields}
        state = LinkState.HIDDEN if sent.get("deleted") == 1 else LinkState.LIVE
        return link._replace(sent=sent, state=state, photo=change.photo or link.photo, name=change.name)


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
    return Desired(wanted, unfit, frozenset(sold_out), known, whole_stores=frozenset({"S1"}))


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
