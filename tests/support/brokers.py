"""Brokers for one test: a Redis process of its own, or a virtual host of its own of the RabbitMQ that runs here."""

import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

REDIS_SERVER, RABBITMQCTL = shutil.which("redis-server"), shutil.which("rabbitmqctl")


@contextmanager
def redis_process(folder: Path) -> Iterator[str]:
    """Its URL."""
    assert REDIS_SERVER is not None, "install the package redis-server"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ("--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", "")
    server = subprocess.Popen([REDIS_SERVER, *options], stdout=subprocess.DEVNULL, env={})  # by the real time
    try:
        with redis.Redis(port=port, retry=Retry(ConstantBackoff(0.05), 200)) as there:
            there.ping()
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


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
