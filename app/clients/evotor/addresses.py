"""Addresses at Evotor that a person opens."""

from urllib.parse import urlsplit

from app.clients.emulator import is_emulator

MARKET = "https://market.evotor.ru"


def cabinet(api_url: str) -> str:
    """Where an owner installs applications; an emulator has a cabinet of its own (docs/contracts/evotor.md §13.6)."""
    if not is_emulator(api_url):
        return MARKET
    parts = urlsplit(api_url)
    return f"{parts.scheme}://{parts.netloc}/ui/evotor"
