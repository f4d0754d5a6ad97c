"""The clock that tests move in processes of their own."""

from pathlib import Path

import pytest

from tests.support.settings import PRODUCTION, refusal


def test_production_has_the_clock_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "moved").write_text("3600")

    assert refusal(PRODUCTION | {"EVOSYNC_CLOCK": str(tmp_path / "moved")}).startswith("EVOSYNC_CLOCK: ")


@pytest.mark.parametrize("content", [None, b"", b"soon", b"\xff\xfe", b"1e20", b"-1e11", b"nan", b"inf"])
def test_a_clock_is_moved_by_a_file_that_holds_a_number(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "moved").write_bytes(content)

    assert refusal({"EVOSYNC_CLOCK": str(tmp_path / "moved")}).startswith("EVOSYNC_CLOCK: ")
