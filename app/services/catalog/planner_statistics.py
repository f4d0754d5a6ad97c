"""What PostgreSQL knows of the tables of the copy, renewed right after much was written there.

By itself it looks a minute or more later. Until then it takes a full table for an empty one, and reads all goods to
find a few; what is new to the index of the search it looks through row by row.
"""

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from app.db import db
from app.logs import get_logger
from app.models.catalog import SEARCH_INDEX

log = get_logger()

MANY = 1_000
_RENEWALS = (
    sa.text("ANALYZE (SKIP_LOCKED) catalog_products, catalog_groups, catalog_counts"),
    sa.select(sa.func.gin_clean_pending_list(sa.func.to_regclass(SEARCH_INDEX))),
)


def renew_after(added: int) -> None:
    """`added`: products. On a connection of its own, after the caller's commit; a failure costs nothing but time."""
    if added < MANY or db.engine.dialect.name != "postgresql":
        return
    try:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for renewal in _RENEWALS:
                connection.execute(renewal)
    except SQLAlchemyError as error:
        log.warning("statistics_not_renewed", error=type(getattr(error, "orig", error)).__name__)
