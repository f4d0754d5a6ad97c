"""Where requests come from, as far as it is counted: one address, or the /64 that one customer has in IPv6."""

from ipaddress import IPv6Address, ip_address, ip_network

IPV6_CUSTOMER = 64


def source_of(address: str | None) -> str:
    """«192.0.2.7», «2001:db8:1:2::/64»; «unknown» for what is no address, as behind a Unix socket."""
    try:
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped or ip_network((found, IPV6_CUSTOMER), strict=False))
    return str(found)
