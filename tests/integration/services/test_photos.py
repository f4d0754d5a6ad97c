"""The owner's photos: kept, told apart, swept, and given back to nobody else."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.context import settings
from app.db import db, utcnow
from app.models import CatalogProduct, Listing, Photo, Pictured, User
from app.services import accounts, photo_files, photos, pruning
from app.services.errors import BadPhoto, UnknownEntity
from app.services.photos import KEPT_WITHOUT_PRODUCT, Subject
from app.services.shelves import load_shelves
from tests.factories import PASSWORD, add_group, add_product, add_store, make_user
from tests.support.clock import stop_at
from tests.support.pictures import BLUE, picture

PRODUCT, GROUP = Subject(Pictured.PRODUCT, "S1", "P1"), Subject(Pictured.GROUP, "S1", "tea")


def a_shop(email: str = "owner@example.ru") -> User:
    user = make_user(email)
    add_store(user)
    add_group(user, "tea", "Чай")
    add_group(user, "green", "Зелёный", parent_id="tea")
    add_product(user, "P1", group_id="green")
    add_product(user, "P2", group_id="green")
    add_product(user, "P3")
    return user


@pytest.fixture
def user(app: Flask) -> User:
    return a_shop()


def files() -> list[Path]:
    return sorted(path for path in Path(settings().photo_dir).glob("*/*") if path.is_file())


def shown(user: User) -> dict[str, str | None]:
    (shelf,) = load_shelves(user.id)
    found = {product.id: shelf.picture_of(product) for product in shelf.products}
    return {product_id: picture.digest if picture else None for product_id, picture in found.items()}


def test_a_photo_serves_its_product_and_that_of_a_group_all_below_without_one(app_on_each_database: Flask) -> None:
    user = a_shop()
    of_group = photos.put(user, GROUP, picture())
    assert shown(user) == {"P1": of_group.digest, "P2": of_group.digest, "P3": None}

    own = photos.put(user, PRODUCT, picture(colour=BLUE))

    assert shown(user) == {"P1": own.digest, "P2": of_group.digest, "P3": None}
    assert len(files()) == 2


def test_another_photo_takes_the_place_of_the_first(user: User) -> None:
    photos.put(user, PRODUCT, picture())
    second = photos.put(user, PRODUCT, picture(colour=BLUE))
    assert [path.stem for path in files()] == [second.digest]
    assert db.session.scalar(sa.select(sa.func.count(Photo.id))) == 1


def test_the_photos_of_one_user_take_so_much_room_together(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    other = a_shop("other@example.ru")
    photos.put(user, PRODUCT, picture())
    monkeypatch.setattr(photos, "MOST_BYTES", photo_files.size_of_all(user.id))
    with pytest.raises(BadPhoto, match="photo_no_room"):
        photos.put(user, GROUP, picture(colour=BLUE))
    photos.put(other, GROUP, picture(colour=BLUE))
    photos.remove(user, PRODUCT)
    photos.put(user, GROUP, picture(colour=BLUE))


def test_only_what_is_in_the_owners_catalog_gets_a_photo(user: User) -> None:
    stranger = make_user("stranger@example.ru")
    for who, subject in ((stranger, PRODUCT), (user, Subject(Pictured.PRODUCT, "S1", "P\0"))):
        with pytest.raises(UnknownEntity):
            photos.put(who, subject, picture())
    assert not files()


def test_a_refused_file_leaves_the_photo_that_was_there(user: User) -> None:
    kept = photos.put(user, PRODUCT, picture())
    with pytest.raises(BadPhoto):
        photos.put(user, PRODUCT, b"not a picture")
    assert shown(user)["P1"] == kept.digest


def test_two_users_with_one_picture_do_not_touch_each_other(user: User) -> None:
    other = a_shop("other@example.ru")
    mine, theirs = photos.put(user, PRODUCT, picture()), photos.put(other, PRODUCT, picture())
    assert mine.digest == theirs.digest

    photos.remove(user, PRODUCT)

    assert photos.content(user.id, mine.digest) is None
    assert photos.content(other.id, mine.digest) is not None


def test_one_picture_of_two_products_stays_until_both_are_without_it(user: User) -> None:
    photos.put(user, PRODUCT, picture())
    photos.put(user, GROUP, picture())
    photos.remove(user, PRODUCT)
    assert len(files()) == 1
    photos.remove(user, GROUP)
    assert not files()


def test_a_deleted_account_leaves_no_file(user: User) -> None:
    other = a_shop("other@example.ru")
    photos.put(user, PRODUCT, picture())
    photos.put(other, PRODUCT, picture())

    accounts.delete(user, PASSWORD, "192.0.2.1")

    assert [path.parent.name for path in files()] == [str(other.id)]


def test_a_process_that_dies_between_file_and_row_leaves_nothing_for_long(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = photos.put(user, PRODUCT, picture())

    def killed() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(db.session, "add", lambda row: killed())
    with pytest.raises(KeyboardInterrupt):
        photos.put(user, GROUP, picture(colour=BLUE))
    db.session.rollback()
    (files()[0].parent / "half.draft").write_bytes(b"half")
    assert len(files()) == 3

    assert pruning.prune(90)["photos"] == 2
    assert [path.stem for path in files()] == [kept.digest]


def test_a_full_disk_is_told_and_leaves_nothing(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadPhoto) as refused:
        photos.put(user, PRODUCT, picture())
    db.session.rollback()
    assert refused.value.code == "photo_not_stored" and not files() and shown(user)["P1"] is None


def test_a_photo_whose_file_vanished_is_as_none(user: User) -> None:
    made = photos.put(user, PRODUCT, picture())
    files()[0].unlink()
    assert shown(user)["P1"] is None
    assert photos.content(user.id, made.digest) is None


def test_what_else_lies_in_the_folder_is_left_alone(user: User) -> None:
    folder = Path(settings().photo_dir) / "notes"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("")
    photos.sweep()
    assert len(files()) == 1


def lose_product(user: User) -> None:
    db.session.execute(sa.delete(CatalogProduct).where(CatalogProduct.product_id == "P1"))
    db.session.commit()


def days_pass(monkeypatch: pytest.MonkeyPatch, span: timedelta) -> None:
    stop_at(monkeypatch, utcnow() + span)


def test_a_product_that_was_away_for_a_while_has_its_photo_again(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made = photos.put(user, PRODUCT, picture())
    lose_product(user)
    photos.sweep()
    add_product(user, "P1")
    days_pass(monkeypatch, KEPT_WITHOUT_PRODUCT * 2)

    photos.sweep()

    assert shown(user)["P1"] == made.digest


def test_a_product_gone_for_good_takes_its_photo_along(
    app_on_each_database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = a_shop()
    photos.put(user, PRODUCT, picture())
    kept = photos.put(user, GROUP, picture(colour=BLUE))
    lose_product(user)
    photos.sweep()
    days_pass(monkeypatch, KEPT_WITHOUT_PRODUCT + timedelta(hours=1))

    photos.sweep()

    assert [path.stem for path in files()] == [kept.digest]


def test_as_long_as_its_item_is_known_a_photo_stays(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    photos.put(user, PRODUCT, picture())
    lose_product(user)
    db.session.add(
        Listing(user_id=user.id, vk_group_id=7, store_id="S1", product_id="P1", sku="ev:P1", state="hidden", sent={})
    )
    db.session.commit()
    photos.sweep()
    days_pass(monkeypatch, KEPT_WITHOUT_PRODUCT * 2)

    photos.sweep()

    assert len(files()) == 1
