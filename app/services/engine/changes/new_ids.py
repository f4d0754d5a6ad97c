"""What VK answers to a new item or album: the id is new, or nobody knows what was made."""

from collections import Counter
from collections.abc import Container, Sequence

from app.clients.vk.errors import VkError
from app.clients.vk.failures import no_answer


def ensure_new(answer: int, known: Container[int]) -> int:
    """Raises VkError, of unknown outcome, where something else bears that id already."""
    if answer in known:
        raise _unbelievable()
    return answer


def only_new(answers: Sequence[int | VkError | None], known: Container[int]) -> list[int | VkError | None]:
    """The same of many that were made together: one id for several of them is no one's."""
    times = Counter(answer for answer in answers if isinstance(answer, int))
    return [
        _unbelievable() if isinstance(answer, int) and (answer in known or times[answer] > 1) else answer
        for answer in answers
    ]


def _unbelievable() -> VkError:
    return no_answer(status=200, outcome_unknown=True)
