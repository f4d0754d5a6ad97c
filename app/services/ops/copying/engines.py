"""Databases beside the application's own."""

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from app.db import engine_options, mind_sqlite


def engine_for(database_url: str) -> Engine:
    """With the same manners; whoever made it disposes of it."""
    engine = sa.create_engine(database_url, **engine_options(database_url))
    mind_sqlite(engine)
    return engine
