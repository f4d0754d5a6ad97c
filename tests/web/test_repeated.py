"""Rows that are made from a pattern: what the macro itself would write for each."""

import pytest
from flask import Flask
from markupsafe import Markup

from app.web.repeated import repeated

MACRO = """{% macro row(kind, id, name) %}
<li class="{{ kind }}" id="{{ id }}">100% {{ name }}{% if kind == "out" %} ({{ name }}){% endif %}</li>
{% endmacro %}"""


@pytest.mark.parametrize("name", ["Чай", "<b>", "50%", "%(id)s", "%s", "&amp;", "", "{{ id }}"])
@pytest.mark.parametrize("kind", ["in", "out", "50%"])
def test_a_row_is_what_the_macro_makes_of_it(app: Flask, kind: str, name: str) -> None:
    with app.test_request_context():
        macro = app.jinja_env.from_string(MACRO).module.row  # type: ignore[attr-defined]  # a template's own macro
        rows = [(kind, {"id": "A", "name": name}), (kind, {"id": "B", "name": name})]
        assert repeated(macro, rows) == Markup("").join(macro(kind, **words) for _, words in rows)


def test_the_macro_runs_once_for_each_kind() -> None:
    kinds = []

    def macro(kind: str, name: str) -> Markup:
        kinds.append(kind)
        return Markup("{}").format(name)

    made = repeated(macro, [(kind, {"name": str(place)}) for place, kind in enumerate(["in", "out", "in", "out"])])
    assert (made, kinds) == ("0123", ["in", "out"])
