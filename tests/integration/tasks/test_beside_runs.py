"""What a worker does beside its runs goes on, whatever happens to its servers."""

import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.tasks.beat import keep_on


def test_a_round_that_lost_its_connection_is_followed_by_the_next(app_on_postgres: Flask) -> None:
    rounds = []

    def fail_within_a_transaction() -> None:
        rounds.append(db.session.scalar(sa.text("SELECT pg_backend_pid()")))
        with db.engine.begin() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": rounds[-1]})
        raise ConnectionError("the broker is away, too")

    keep_on(app_on_postgres, fail_within_a_transaction, None, lambda _seconds: len(rounds) == 2)

    assert len(set(rounds)) == 2
