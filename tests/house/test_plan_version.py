"""What plans are made of, table by table: whoever adds a column says whether plans ask it, or they are made anew."""

import pytest
import sqlalchemy as sa

from app.db import Base
from app.services import plan_version

PERSONAL = {"user_id", "sync_config_id"}


@pytest.mark.parametrize("model", plan_version.UNASKED, ids=lambda model: model.__tablename__)
def test_what_no_plan_asks_is_a_column_that_is_there(model: type[Base]) -> None:
    columns = {column.key for column in sa.inspect(model).column_attrs}
    assert plan_version.UNASKED[model] <= columns
    assert PERSONAL & columns, "nobody could tell whose plan it is"
    assert not PERSONAL & plan_version.UNASKED[model]
