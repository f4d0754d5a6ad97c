"""A Redis of its own."""

import shutil
import socket
import subprocess
from pathlib import Path

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

REDIS_SERVER = shutil.which("redis-server")


class RedisServer:
    def __init__(self, folder: Path) -> None:
        assert REDIS_SERVER is not None, "install the package redis-server"
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        assert REDIS_SERVER is not None
        options = ("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder), "--save", "")
        # By the real time.
        self._process = subprocess.Popen([REDIS_SERVER, *options], stdout=subprocess.DEVNULL, env={})
        with redis.Redis(port=self.port, retry=Retry(ConstantBackoff(0.05), 200)) as there:
            there.ping()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
