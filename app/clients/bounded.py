"""Connections that end: an answer has a time as a whole, and an address may have to be a public one."""

import io
import socket
import time
from http.client import HTTPResponse
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

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


class _TimedSocketReader(io.RawIOBase):
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
        self.fp = io.BufferedReader(_TimedSocketReader(self.fp.detach(), sock))


class _Connection(HTTPConnection):
    response_class = _TimedResponse


class _SecureConnection(HTTPSConnection):
    response_class = _TimedResponse


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
    """`public_only`: connects to public addresses alone."""

    def __init__(self, public_only: bool = False) -> None:
        self._classes = {"http": _Connection, "https": _PublicConnection if public_only else _SecureConnection}
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = self._classes[pool.scheme]
        return pool
