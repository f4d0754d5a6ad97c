"""Addresses at VK: which of those that its answers name a person is sent to, which take our pictures; the window."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.clients.answers import MalformedAnswer
from app.clients.emulator import is_emulator

LONGEST_ADDRESS = 4096
_HOSTS = ("vk.com", "vk.ru")
_PICTURE_HOSTS = (*_HOSTS, "userapi.com", "vkuserphoto.ru", "vkuser.net")
# No user name, no backslash, no sign that a browser would drop: every reader finds the same host in it.
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:[/?#][!-\[\]-~]*)?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class VkAddresses:
    """By the settings VK_API_URL and VK_ID_URL, whose hosts are VK's too."""

    api_url: str
    id_url: str = "https://id.vk.ru"

    @property
    def is_emulator(self) -> bool:
        """A plain or local address is no VK that strangers answer for."""
        return is_emulator(self.api_url)

    def window(self, group_id: int) -> str:
        """Where buyers look at the goods of a community; an emulator has a window of its own.

        docs/contracts/vk.md §13.1.
        """
        if self.is_emulator:
            parts = urlsplit(self.api_url)
            return f"{parts.scheme}://{parts.netloc}/ui/club{group_id}"
        return f"https://vk.com/market-{group_id}"

    def community(self, group_id: int) -> str:
        """Where its owner finds the settings; an emulator has none, but the window."""
        return self.window(group_id) if self.is_emulator else f"https://vk.com/club{group_id}"

    def page(self, address: object) -> str | None:
        """The address, if it is a page of VK's that may become a link on ours."""
        return self._on(_HOSTS, address)

    def picture(self, address: object) -> str | None:
        """The address, if it is a picture of VK's that a page of ours may show."""
        return self._on(_PICTURE_HOSTS, address)

    def _on(self, names: tuple[str, ...], address: object) -> str | None:
        scheme, host = self._read(address)
        own = {urlsplit(url).hostname for url in (self.api_url, self.id_url)}
        is_vks = host in own or any(host == name or host.endswith(f".{name}") for name in names)
        return str(address) if scheme and is_vks else None

    def upload(self, answer: object) -> str:
        """Where to send a picture. Raises MalformedAnswer."""
        address = answer.get("upload_url") if isinstance(answer, dict) else None
        scheme, _ = self._read(address)
        if not scheme:
            raise MalformedAnswer("no upload address")
        return str(address)

    def _read(self, address: object) -> tuple[str, str]:
        """Scheme and host, both empty where the address will not do: only an emulator's may be plain."""
        if not isinstance(address, str) or len(address) > LONGEST_ADDRESS:
            return "", ""
        found = _ADDRESS.fullmatch(address)
        if not found or (found["scheme"].lower() == "http" and not self.is_emulator):
            return "", ""
        return found["scheme"].lower(), found["host"].lower().strip("[]")
