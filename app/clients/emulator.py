"""Whether a vendor's address is one of ours, for demos and tests."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_emulator(api_url: str) -> bool:
    """A plain or local address is no vendor that strangers answer for."""
    parts = urlsplit(api_url)
    return parts.scheme == "http" or _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
