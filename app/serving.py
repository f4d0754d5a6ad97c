"""A worker of gunicorn for which a request has a time to arrive, however it drips."""

import errno
import gc
import socket
import time
from typing import Any

from flask import Flask
from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

from app.logs import JsonFormatter

REQUEST_SECONDS = 30.0
"""For head and body of one request; from a buffering proxy they come at once."""
ANSWER_SECONDS = 60.0
"""For each piece of an answer."""


class _TimedSocket(socket.socket):
    """Its time begins where gunicorn, about to read the request, makes the socket blocking."""

    _ends = 0.0

    def setblocking(self, flag: bool, /) -> None:
        if self.fileno() == -1:
            return
        super().setblocking(flag)
        if flag:
            self._ends = time.monotonic() + REQUEST_SECONDS
            self.settimeout(ANSWER_SECONDS)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        patience = self.gettimeout() or ANSWER_SECONDS
        left = self._ends - time.monotonic()
        if left <= 0:
            raise _too_slow()
        self.settimeout(min(left, patience))
        try:
            return super().recv(size, flags)
        except TimeoutError:
            raise _too_slow() from None
        finally:
            self.settimeout(patience)


def _too_slow() -> ConnectionResetError:
    """What gunicorn takes for a client that went away."""
    return ConnectionResetError(errno.ECONNRESET, "the request did not arrive in time")


class JsonLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """What gunicorn itself says, as the lines of the application are written."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    def load_wsgi(self) -> None:
        """With all its pages: no visitor waits until they are imported.

        What stands then stands for good: a collector that went through it took as long as several pages.
        """
        super().load_wsgi()
        if isinstance(self.wsgi, Flask):
            self.wsgi.url_map.update()
        gc.collect()
        gc.freeze()

    def handle(self, conn: TConn) -> Any:
        if not isinstance(conn.sock, _TimedSocket):
            conn.sock = _TimedSocket(fileno=conn.sock.detach())
        is_kept = super().handle(conn)
        if is_kept is False:
            # gunicorn would wait for the client's goodbye in the one loop that takes everybody's connections.
            util.close_graceful(conn.sock)
        return is_kept
