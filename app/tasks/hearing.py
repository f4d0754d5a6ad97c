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

    ear = Ear(worker)

    class Heard(Request):  # type: ignore[misc]  # Celery has no types
        def acknowledge(self) -> None:
            super().acknowledge()
            if not self.message.acknowledged:
                ear.note_deaf(self.message.channel)

    for task in celery.tasks.values():
        task.Request = Heard


class Ear:
    def __init__(self, worker: Any) -> None:
        self._worker = worker
        self._given_up: object = None

    def note_deaf(self, channel: object) -> None:
        """From any thread: the broker did not hear what was said in this channel."""
        self._worker.consumer.hub.call_soon(self._give_up, channel)

    def _give_up(self, channel: object) -> None:
        """In the thread that listens: once for each channel, and not where it listens in another by now.

        Raises what Celery takes for the loss of its connection, after which it makes another.
        """
        listening = self._worker.consumer.task_consumer
        if channel is not self._given_up and listening is not None and listening.channel is channel:
            self._given_up = channel
            raise ConnectionResetError("the broker did not hear that a message is done")
