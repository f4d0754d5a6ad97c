"""A worker hears its broker again after one that went away, also where all its slots were taken meanwhile.

Celery counts a message as being at work until the broker has heard that it is done. While that many are as there are
slots it does not look at the connection either: so it finds out nothing of a broker that went and came back, whose
acknowledgements were lost, and takes no message ever again. Here it connects anew as soon as one is lost.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from celery import Celery


def listen_anew_after_lost_words(celery: "Celery", worker: Any) -> None:
    """`worker`: Celery's, which has not started. Messages that are handed out twice by that find no claim."""
    from celery.worker.request import Request

    class Heard(Request):  # type: ignore[misc]  # Celery has no types
        def __init__(self, message: Any, **given: Any) -> None:
            super().__init__(message, **given)
            message.ack = self._acknowledge_aloud(message, message.ack)

        def _acknowledge_aloud(self, message: Any, acknowledge: Any) -> Any:
            def aloud(**given: Any) -> None:
                try:
                    acknowledge(**given)
                except self.connection_errors as error:
                    if not _listens_in(worker, message.channel):
                        raise
                    # Of all errors the one that Celery does not only write down: it takes its connection for lost.
                    raise BrokenPipeError("the broker did not hear that a message is done") from error

            return aloud

    for task in celery.tasks.values():
        task.Request = Heard


def _listens_in(worker: Any, channel: object) -> bool:
    """Not in another one by now, which hears the broker."""
    listening = worker.consumer.task_consumer
    return listening is not None and listening.channel is channel
