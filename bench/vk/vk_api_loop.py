"""A community's market by a plain loop over vk_api: run by the Python of an environment of its own, knows no EvoSync.

Reads its job from the file that is named. What the market holds is compared with what it has to hold, item by item.
"""

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests
import vk_api  # type: ignore[import-not-found]  # of another environment
from jconfig.memory import MemoryConfig  # type: ignore[import-not-found]

VK = "https://api.vk.ru/method"
ITEMS_A_PAGE, ALBUMS_A_PAGE = 200, 100


class ToSandbox(requests.Session):
    """The library knows one address of VK's; its calls go to another one here."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.trust_env = False
        self._url = url

    def request(self, method: Any, url: Any, *rest: Any, **more: Any) -> requests.Response:
        return super().request(method, str(url).replace(VK, self._url), *rest, **more)


class Market:
    def __init__(self, job: dict[str, Any]) -> None:
        self._http = ToSandbox(job["url"])
        session = vk_api.VkApi(token=job["token"], session=self._http, config=MemoryConfig, api_version="5.199")
        session.RPS_DELAY = session.RPS_DELAY * 3 / job["per_second"]
        self._vk = session.get_api()
        self._group_id, self._picture = job["group_id"], Path(job["picture"])
        self._owner = {"owner_id": -self._group_id}

    def bring_to(self, wanted: list[dict[str, Any]]) -> None:
        standing = {item["sku"]: item for item in self._read(self._vk.market.get, ITEMS_A_PAGE, with_disabled=1)}
        albums = {album["title"]: album["id"] for album in self._read(self._vk.market.getAlbums, ALBUMS_A_PAGE)}
        for item in wanted:
            if item["sku"] not in standing:
                self._add(item, albums)
            elif differs(standing[item["sku"]], item):
                fields = {"price": item["price"], "deleted": int(item["is_hidden"])}
                self._vk.market.edit(**self._owner, item_id=standing[item["sku"]]["id"], **fields)
        for sku in standing.keys() - {item["sku"] for item in wanted}:
            self._vk.market.delete(**self._owner, item_id=standing[sku]["id"])

    def _read(self, method: Any, page: int, **more: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            answer = method(**self._owner, offset=len(found), count=page, **more)
            found += answer["items"]
            if not answer["items"] or len(found) >= answer["count"]:
                return found

    def _add(self, item: dict[str, Any], albums: dict[str, int]) -> None:
        title = item["album"]
        if title not in albums:
            albums[title] = self._vk.market.addAlbum(**self._owner, title=title)["market_album_id"]
        fields = {name: item[name] for name in ("name", "description", "price", "sku")}
        added = self._vk.market.add(**self._owner, **fields, category_id=1, main_photo_id=self._photo())
        self._vk.market.addToAlbum(**self._owner, item_ids=added["market_item_id"], album_ids=albums[title])

    def _photo(self) -> int:
        address = self._vk.market.getProductPhotoUploadServer(group_id=self._group_id)["upload_url"]
        with self._picture.open("rb") as picture:
            answer = self._http.post(address, files={"file": ("photo.jpg", picture, "image/jpeg")})
        return int(self._vk.market.saveProductPhoto(upload_response=answer.text)["photo_id"])


def differs(standing: dict[str, Any], item: dict[str, Any]) -> bool:
    hundredths = round(Decimal(str(item["price"])) * 100)
    is_hidden = standing["availability"] != 0
    return int(standing["price"]["amount"]) != hundredths or is_hidden != item["is_hidden"]


if __name__ == "__main__":
    facts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Market(facts).bring_to(facts["items"])
