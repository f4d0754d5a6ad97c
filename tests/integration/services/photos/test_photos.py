"""The owner's photos: kept, told apart, swept, and given back to nobody else."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.clock import utcnow
from app.context import settings
from app.db import db
from app.models import CatalogProduct, Listing, Photo, Pictured, User
from app.services.accounts import users
from app.services.catalog.load import load_goods
from app.services.errors import BadPhoto, UnknownEntity
from app.services.ops import pruning
from app.services.photos import files as photos_files
from app.services.photos import gallery
from app.services.photos.gallery import KEPT_WITHOUT_PRODUCT, Subject
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
    (store_goods,) = load_goods(user.id)
    found = {product.id: store_goods.picture_of(product) for product in store_goods.products}
    return {product_id: picture.digest if picture else None for product_id, picture in found.items()}


def test_a_photo_serves_its_product_and_that_of_a_group_all_below_without_one(app_on_each_database: Flask) -> None:
    user = a_shop()
    of_group = gallery.put(user, GROUP, picture())
    assert shown(user) == {"P1": of_group.digest, "P2": of_group.digest, "P3": None}

    own = gallery.put(user, PRODUCT, picture(colour=BLUE))

    assert shown(user) == {"P1": own.digest, "P2": of_group.digest, "P3": None}
    assert len(files()) == 2


def test_another_photo_takes_the_place_of_the_first(user: User) -> None:
    gallery.put(user, PRODUCT, picture())
    second = gallery.put(user, PRODUCT, picture(colour=BLUE))
    assert [path.stem for path in files()] == [second.digest]
    assert db.session.scalar(sa.select(sa.func.count(Photo.id))) == 1


def test_the_photos_of_one_user_take_so_much_room_together(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    other = a_shop("other@example.ru")
    gallery.put(user, PRODUCT, picture())
    monkeypatch.setattr(gallery, "MOST_BYTES", photos_files.size_of_all(user.id))
    with pytest.raises(BadPhoto, match="photo_no_room"):
        gallery.put(user, GROUP, picture(colour=BLUE))
    gallery.put(other, GROUP, picture(colour=BLUE))
    gallery.remove(user, PRODUCT)
    gallery.put(user, GROUP, picture(colour=BLUE))


def test_only_what_is_in_the_owners_catalog_gets_a_photo(user: User) -> None:
    stranger = make_user("stranger@example.ru")
    for who, subject in ((stranger, PRODUCT), (user, Subject(Pictured.PRODUCT, "S1", "P\0"))):
        with pytest.raises(UnknownEntity):
            gallery.put(who, subject, picture())
    assert not files()


def test_a_refused_file_leaves_the_photo_that_was_there(user: User) -> None:
    kept = gallery.put(user, PRODUCT, picture())
    with pytest.raises(BadPhoto):
        gallery.put(user, PRODUCT, b"not a picture")
    assert shown(user)["P1"] == kept.digest


def test_two_users_with_one_picture_do_not_touch_each_other(user: User) -> None:
    other = a_shop("other@example.ru")
    mine, theirs = gallery.put(user, PRODUCT, picture()), gallery.put(other, PRODUCT, picture())
    assert mine.digest == theirs.digest

    gallery.remove(user, PRODUCT)

    assert gallery.content(user.id, mine.digest) is None
    assert gallery.content(other.id, mine.digest) is not None


def test_one_picture_of_two_products_stays_until_both_are_without_it(user: User) -> None:
    gallery.put(user, PRODUCT, picture())
    gallery.put(user, GROUP, picture())
    gallery.remove(user, PRODUCT)
    assert len(files()) == 1
    gallery.remove(user, GROUP)
    assert not files()


def test_a_deleted_account_leaves_no_file(user: User) -> None:
    other = a_shop("other@example.ru")
    gallery.put(user, PRODUCT, picture())
    gallery.put(other, PRODUCT, picture())

    users.delete(user, PASSWORD, "192.0.2.1")

    assert [path.parent.name for path in files()] == [str(other.id)]


def test_an_account_that_is_deleted_while_a_photo_is_put_leaves_no_file(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id, write = user.id, photos_files.write

    def deleted_meanwhile(*picture: Any) -> None:
        write(*picture)
        db.session.execute(sa.delete(User).where(User.id == user_id).execution_options(synchronize_session=False))

    monkeypatch.setattr(photos_files, "write", deleted_meanwhile)

    with pytest.raises(IntegrityError):
        gallery.put(user, PRODUCT, picture())

    db.session.rollback()
    assert files() == []


def test_a_process_that_dies_between_file_and_row_leaves_nothing_for_long(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = gallery.put(user, PRODUCT, picture())

    def killed() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(db.session, "add", lambda row: killed())
    with pytest.raises(KeyboardInterrupt):
        gallery.put(user, GROUP, picture(colour=BLUE))
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
        gallery.put(user, PRODUCT, picture())
    db.session.rollback()
    assert refused.value.code == "photo_not_stored" and not files() and shown(user)["P1"] is None


def test_a_photo_whose_file_vanished_is_as_none(user: User) -> None:
    made = gallery.put(user, PRODUCT, picture())
    files()[0].unlink()
    assert shown(user)["P1"] is None
    assert gallery.content(user.id, made.digest) is None


def test_what_else_lies_in_the_folder_is_left_alone(user: User) -> None:
    folder = Path(settings().photo_dir) / "notes"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("")
    gallery.sweep()
    assert len(files()) == 1


def lose_product(user: User) -> None:
    db.session.execute(sa.delete(CatalogProduct).where(CatalogProduct.product_id == "P1"))
    db.session.commit()


def days_pass(monkeypatch: pytest.MonkeyPatch, span: timedelta) -> None:
    stop_at(monkeypatch, utcnow() + span)


def test_a_product_that_was_away_for_a_while_has_its_photo_again(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made = gallery.put(user, PRODUCT, picture())
    lose_product(user)
    gallery.sweep()
    add_product(user, "P1")
    days_pass(monkeypatch, KEPT_WITHOUT_PRODUCT * 2)

    gallery.sweep()

    assert shown(user)["P1"] == made.digest


def test_a_product_gone_for_good_takes_its_photo_along(
    app_on_each_database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = a_shop()
    gallery.put(user, PRODUCT, picture())
    kept = gallery.put(user, GROUP, picture(colour=BLUE))
    lose_product(user)
    gallery.sweep()
    days_pass(monkeypatch, KEPT_WITHOUT_PRODUCT + timedelta(hours=1))

    gallery.sweep()

    assert [path.stem for path in files()] == [kept.digest]


def test_as_long_as_its_item_is_known_a_photo_stays(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery.put(user, PRODUCT, picture())
    lose_product(user)
    db.session.add(
        Listing(user_id=user.id, vk_group_id=7, store_id="S1", product_id="P1", sku="ev:P1", state="hidden", sent={})
    )
    db.session.commit()
    gallery.sweep()
    days_pass(monkeypatch, KEPT_WITHOUT_PRODUCT * 2)

    gallery.sweep()

    assert len(files()) == 1
