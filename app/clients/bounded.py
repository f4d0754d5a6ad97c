"""Connections that end: an answer has a time as a whole, closing the adapter lets go of whoever waits for one, and an
address may have to be a public one.
"""

import io
import socket
import threading
import time
from contextlib import suppress
from functools import partial
from http.client import HTTPResponse
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from weakref import WeakSet

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

_INTO_IPV4 = tuple(map(ip_network, ("64:ff9b::/96", "2002::/16")))
"""IPv6 addresses behind which a router may find any IPv4 address."""


def is_public(address: str) -> bool:
    """Somewhere on the internet: not this machine, not our network, not a group of machines."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        if any(found in network for network in _INTO_IPV4) or found.is_site_local:
            return False
        found = found.ipv4_mapped or found
    return found.is_global and not found.is_multicast


class TimedSocketReader(io.RawIOBase):
    """Reads a socket whose timeout is for everything to come, not for each piece of it."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw, self._sock = raw, sock
        timeout = sock.gettimeout()
        self._ends = None if timeout is None else time.monotonic() + timeout

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        if self._ends is not None:
            left = self._ends - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(TimedSocketReader(self.fp.detach(), sock))


class _OpenSockets:
    """Those of one adapter, whichever threads wait at them."""

    def __init__(self) -> None:
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.Lock()
        self._are_over = False

    def add(self, sock: Any) -> None:
        """Raises ConnectionAbortedError where they are over."""
        with self._lock:
            if self._are_over:
                raise ConnectionAbortedError
            if isinstance(sock, socket.socket):  # and not TLS within the TLS of a proxy
                self._sockets.add(sock)

    def end(self) -> None:
        with self._lock:
            self._are_over = True
            for sock in self._sockets:
                with suppress(OSError):
                    # Past TLS, whose state belongs to the thread that reads.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Connection(HTTPConnection):
    response_class = _TimedResponse

    def __init__(self, *args: Any, open_sockets: _OpenSockets, **options: Any) -> None:
        super().__init__(*args, **options)
        self._open_sockets = open_sockets

    def connect(self) -> None:
        super().connect()
        self._open_sockets.add(self.sock)


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _PublicConnection(_SecureConnection):
    def _new_conn(self) -> socket.socket:
        """Looks at the address that was in fact connected to, whatever its name meant a moment before."""
        sock = super()._new_conn()
        # Behind a proxy of ours the proxy decides.
        if self.proxy is None and not is_public(sock.getpeername()[0]):
            sock.close()
            raise NewConnectionError(self, "not a public address")
        return sock


class BoundedAdapter(HTTPAdapter):
    """`public_only`: connects to public addresses alone. Once closed, it sends nothing more."""

    def __init__(self, public_only: bool = False) -> None:
        self._classes = {"http": _Connection, "https": _PublicConnection if public_only else _SecureConnection}
        self._open_sockets = _OpenSockets()
        super().__init__(max_retries=0)

    def close(self) -> None:
        self._open_sockets.end()
        super().close()

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = partial(self._classes[pool.scheme], open_sockets=self._open_sockets)
        return pool
