"""All that is said to a Redis, with the messages of Celery in clear, and what of it nobody may read."""

import base64
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Thread

import redis

_BODY = re.compile(r'body\\*": *\\*"([A-Za-z0-9+/=]+)')


class Overheard:
    """Listens until the Redis is gone for good; one that is away is looked for again and again."""

    def __init__(self, port: int) -> None:
        self._port, self._is_over = port, False
        self.texts: list[str] = []
        Thread(target=self._listen, daemon=True).start()

    def end(self) -> None:
        self._is_over = True

    @property
    def messages(self) -> list[str]:
        """Bodies of tasks."""
        return [body for text in self.texts for body in _bodies(text)]

    def _listen(self) -> None:
        while not self._is_over:
            try:
                with redis.Redis(port=self._port) as there, there.monitor() as monitor:
                    for command in monitor.listen():
                        self.texts.append(str(command["command"]))
            except (redis.RedisError, OSError, ValueError):
                time.sleep(0.1)


def _bodies(text: str) -> Iterator[str]:
    for body in _BODY.findall(text):
        yield base64.b64decode(body).decode(errors="replace")


def told(secrets: Iterable[str], heard: Iterable[Overheard], folder: Path) -> list[str]:
    """Where one of these stands: in what a Redis was told, or in a file of the folder."""
    known = list(secrets)
    texts = [text for one in heard for text in (*one.texts, *one.messages)]
    found = ["told to a Redis" for text in texts if any(secret in text for secret in known)]
    for path in sorted(folder.rglob("*.log*")):
        text = path.read_text(errors="replace")
        found += [f"in {path.name}" for secret in known if secret in text]
    return found
