"""Which of the four steps is next."""

import pytest

from app.services.pages.sync.first_steps import Step, states_of


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        ("", "now later later later"),
        ("evotor", "done now later later"),
        ("evotor catalog", "done now done later"),
        ("vk catalog launch", "now done done done"),
        ("evotor vk catalog launch", "done done done done"),
    ],
)
def test_the_first_step_that_is_not_done_is_to_be_taken_now(done: str, expected: str) -> None:
    states = states_of({step: step in done.split() for step in Step})

    assert " ".join(states[step] for step in Step) == expected
