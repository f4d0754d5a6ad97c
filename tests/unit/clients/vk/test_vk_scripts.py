"""The script of many calls: whatever is given goes in as it is, and nothing else."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clients.vk.batches import script

LITERAL = re.compile(r"\Avar calls = (.*);\nvar answers", re.DOTALL)


class TestScript:
    def test_it_loops_over_what_is_given_and_returns_a_list(self) -> None:
        assert script("market.get", [{"owner_id": -5, "extended": True}]) == (
            'var calls = [{"owner_id": "-5", "extended": "1"}];\n'
            "var answers = [];\n"
            "var i = 0;\n"
            "while (i < calls.length) {\n"
            "    answers.push(API.market.get(calls[i]));\n"
            "    i = i + 1;\n"
            "}\n"
            "return answers;"
        )

    def test_what_is_missing_is_left_out(self) -> None:
        assert 'var calls = [{"name": "a"}];' in script("market.edit", [{"name": "a", "price": None}])

    @pytest.mark.parametrize(
        ("text", "arrives"),
        [
            ("Чай «Утро» 😀", "Чай «Утро» 😀"),
            ('"; return API.market.delete({}); "', '"; return API.market.delete({}); "'),
            ("\\u0441 \\", "\\u0441 \\"),
            ("a\nb\tc\r", "a\nb\tc\r"),
            ("a\u2028b\u2029c", "a\nb\nc"),
            ("a\x00\x08\x0b\x1fb\x7f\ud800", "ab"),
        ],
    )
    def test_texts_arrive_as_they_are_but_for_what_no_script_holds(self, text: str, arrives: str) -> None:
        literal = LITERAL.match(script("market.edit", [{"name": text}]))
        assert literal
        assert json.loads(literal[1]) == [{"name": arrives}]

    @given(st.lists(st.dictionaries(st.text("abc_", min_size=1), st.text(), max_size=3), max_size=5))
    def test_whatever_the_texts_it_needs_no_escape_that_vkscript_lacks(self, calls: list[dict[str, str]]) -> None:
        literal = LITERAL.match(script("market.edit", calls))
        assert literal
        assert not re.search(r"(?<!\\)(\\\\)*\\[^\\\"nrt]", literal[1])
        assert not re.search("[\x00-\x1f\u2028\u2029\ud800-\udfff]", literal[1])
        assert [call.keys() for call in json.loads(literal[1])] == [call.keys() for call in calls]
