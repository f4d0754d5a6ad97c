"""Brokers for one test: a Redis process of its own, or a virtual host of its own of the RabbitMQ that runs here."""

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.redis_server import RedisServer

RABBITMQCTL = shutil.which("rabbitmqctl")


@contextmanager
def redis_process(folder: Path) -> Iterator[str]:
    """Its URL."""
    server = RedisServer(folder)
    try:
        yield server.url
    finally:
        server.kill()


@contextmanager
def rabbitmq_host() -> Iterator[str]:
    """Its URL."""
    name = f"evosync-{secrets.token_hex(4)}"
    _rabbitmqctl("add_vhost", name)
    try:
        _rabbitmqctl("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
        yield f"amqp://guest:guest@127.0.0.1:5672/{name}"
    finally:
        _rabbitmqctl("delete_vhost", name)


def _rabbitmqctl(*words: str) -> None:
    assert RABBITMQCTL is not None, "install the package rabbitmq-server"
    subprocess.run([RABBITMQCTL, "-q", *words], check=True, timeout=60)
