"""The owner's photos of products and groups: put, removed, found, swept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.clock import utcnow
from app.db import db
from app.domain.catalog.pictures import Picture, Pictures
from app.logs import get_logger
from app.models import CatalogGroup, CatalogProduct, Listing, Photo, Pictured, User
from app.services import locks
from app.services.errors import BadPhoto, UnknownEntity
from app.services.photos import files, making

log = get_logger()

MOST_BYTES = 20 * 1024**3
"""Of one user: room for a picture of over a megabyte for each of the 15,000 items that a market holds."""
KEPT_WITHOUT_PRODUCT = timedelta(days=30)
"""For so long a photo waits for its product or group to come back to the catalog."""

_CATALOG: Mapping[Pictured, tuple[type[CatalogProduct | CatalogGroup], str]] = {
    Pictured.PRODUCT: (CatalogProduct, "product_id"),
    Pictured.GROUP: (CatalogGroup, "group_id"),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What is pictured."""

    kind: Pictured
    store_id: str
    entity_id: str


def put(user: User, subject: Subject, content: bytes) -> Photo:
    """Make the uploaded file the subject's photo. Raises UnknownEntity and BadPhoto.

    Commits: nobody waits for the database while the picture is made, and the file is there before a row names it.
    """
    user_id = user.id
    _check_known(user_id, subject)
    db.session.commit()
    if files.size_of_all(user_id) >= MOST_BYTES:
        raise BadPhoto("photo_no_room")
    with files.turn():
        made = making.make(content)
    locks.lock(user_id)
    try:
        files.write(user_id, made.digest, made.jpeg)
    except OSError:
        log.exception("photo_not_stored", user_id=user_id)
        raise BadPhoto("photo_not_stored") from None
    row = find(user_id, subject) or Photo(
        user_id=user_id, store_id=subject.store_id, entity_type=subject.kind, entity_id=subject.entity_id
    )
    row.digest, row.width, row.height = made.digest, made.width, made.height
    row.created_at, row.absent_since = utcnow(), None
    db.session.add(row)
    try:
        db.session.commit()
    except IntegrityError:  # the account was deleted meanwhile, and must leave no picture behind
        db.session.rollback()
        sweep_files(user_id)
        raise
    sweep_files(user_id)
    return row


def remove(user: User, subject: Subject) -> bool:
    """Whether there was one. Raises UnknownEntity. Commits: the file goes only after its row."""
    _check_known(user.id, subject)
    locks.lock(user.id)
    row = find(user.id, subject)
    if row is not None:
        db.session.delete(row)
    db.session.commit()
    sweep_files(user.id)
    return row is not None


def find(user_id: int, subject: Subject) -> Photo | None:
    return db.session.scalar(
        sa.select(Photo).where(
            Photo.user_id == user_id,
            Photo.store_id == subject.store_id,
            Photo.entity_type == subject.kind,
            Photo.entity_id == subject.entity_id,
        )
    )


def _check_known(user_id: int, subject: Subject) -> None:
    model, column = _CATALOG[subject.kind]
    query = sa.select(model.id).where(
        model.user_id == user_id,
        model.store_id == subject.store_id,
        model.__table__.c[column] == subject.entity_id,
    )
    if db.session.scalar(query) is None:
        raise UnknownEntity


def content(user_id: int, digest: str) -> bytes | None:
    """The JPEG, only where it is a photo of this user's and its file is there."""
    query = sa.select(Photo.id).where(Photo.user_id == user_id, Photo.digest == digest).limit(1)
    if db.session.scalar(query) is None:
        return None
    try:
        return files.read(user_id, digest)
    except OSError:
        log.warning("photo_lost", user_id=user_id, digest=digest)
        return None


def pictures_by_store(user_id: int, store_id: str | None = None) -> dict[str, Pictures]:
    """All photos of the user, or of one store; one whose file is lost serves only the items that bear it already."""
    query = sa.select(Photo.store_id, Photo.entity_type, Photo.entity_id, Photo.digest).where(Photo.user_id == user_id)
    if store_id is not None:
        query = query.where(Photo.store_id == store_id)
    rows = db.session.execute(query).all()
    there = files.digests(user_id) if rows else frozenset()
    kept = _kept(user_id, [row for row in rows if row.digest not in there])
    found: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows:
        of_store = found.setdefault(row.store_id, {kind: {} for kind in Pictured})
        if row.digest in there:
            of_store[row.entity_type][row.entity_id] = row.digest
    return {
        store: Pictures(kinds[Pictured.PRODUCT], kinds[Pictured.GROUP], kept.get(store, {}))
        for store, kinds in found.items()
    }


def _kept(user_id: int, lost: Sequence[Any]) -> dict[str, dict[str, Picture]]:
    """{store: {product: picture}} of items that bear a photo without a file: VK has the last copy of it."""
    if not lost:
        return {}
    log.warning("photos_lost", user_id=user_id, count=len(lost))
    products = {(row.store_id, row.entity_id, row.digest) for row in lost if row.entity_type == Pictured.PRODUCT}
    groups = {(row.store_id, row.digest): row.entity_id for row in lost if row.entity_type == Pictured.GROUP}
    bearing = sa.select(Listing.store_id, Listing.product_id, Listing.photo_hash).where(
        Listing.user_id == user_id, Listing.vk_item_id.is_not(None), Listing.photo_hash.is_not(None)
    )
    kept: dict[str, dict[str, Picture]] = {}
    for store, product, digest in db.session.execute(bearing):
        is_own, group = (store, product, digest) in products, groups.get((store, digest or ""))
        if is_own or group is not None:
            kept.setdefault(store, {})[product] = Picture(digest or "", None if is_own else group)
    return kept


# What nobody needs any more


def sweep_files(user_id: int) -> int:
    """Deletes the user's files that no row names; returns how many. Commits.

    The lock keeps a photo that is being put out of it: its file and its row come in one transaction.
    """
    locks.lock(user_id)
    named = db.session.scalars(sa.select(Photo.digest).where(Photo.user_id == user_id)).all()
    swept = files.keep_only(user_id, named)
    db.session.commit()
    return swept


def sweep() -> int:
    """Photos whose product left for good, then every file without a row; returns how many files went. Commits."""
    _forget_absent()
    return sum(map(sweep_files, files.user_ids()))


def _forget_absent() -> None:
    """One bad read costs no photo: the product has to be away for days, and its item must have left VK."""
    now, is_absent = utcnow(), sa.not_(sa.or_(_in_catalog(Pictured.PRODUCT), _in_catalog(Pictured.GROUP), _is_listed()))
    db.session.execute(_update(sa.not_(is_absent), Photo.absent_since.is_not(None)).values(absent_since=None))
    db.session.execute(_update(is_absent, Photo.absent_since.is_(None)).values(absent_since=now))
    left = sa.delete(Photo).where(Photo.absent_since < now - KEPT_WITHOUT_PRODUCT)
    db.session.execute(left.execution_options(synchronize_session=False))
    db.session.commit()


def _update(*conditions: sa.ColumnElement[bool]) -> sa.Update:
    return sa.update(Photo).where(*conditions).execution_options(synchronize_session=False)


def _in_catalog(kind: Pictured) -> sa.ColumnElement[bool]:
    model, column = _CATALOG[kind]
    found = sa.exists().where(
        model.user_id == Photo.user_id,
        model.store_id == Photo.store_id,
        model.__table__.c[column] == Photo.entity_id,
    )
    return sa.and_(Photo.entity_type == kind, found)


def _is_listed() -> sa.ColumnElement[bool]:
    found = sa.exists().where(
        Listing.user_id == Photo.user_id, Listing.store_id == Photo.store_id, Listing.product_id == Photo.entity_id
    )
    return sa.and_(Photo.entity_type == Pictured.PRODUCT, found)
