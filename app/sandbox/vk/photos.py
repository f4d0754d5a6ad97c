"""Photos: upload addresses, the upload server, saving, and the stored pictures (docs/contracts/vk.md §8)."""

import io
import json
import secrets
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, request
from PIL import Image
from werkzeug.datastructures import FileStorage

from app.sandbox.chaos import HALF
from app.sandbox.documents import Json
from app.sandbox.faults import UPLOAD_AFTER_KINDS, UPLOAD_KINDS
from app.sandbox.spoilt_answers import spoilt_answer, truncated
from app.sandbox.state import World
from app.sandbox.vk.call import Call
from app.sandbox.vk.params import VkError
from app.sandbox.vk.state import Photo, Upload

blueprint = Blueprint("vk_photos", __name__)

PRODUCT_ALBUM, COVER_ALBUM = -105, -53
HALF_DONE = frozenset({HALF})
LARGEST_FILE = 50 * 1024 * 1024
LARGEST_SUM = 14_000
LARGEST_RATIO = 20
SMALLEST_SIDES = {PRODUCT_ALBUM: (400, 400), COVER_ALBUM: (1280, 720)}
BAD_IMAGE = {"error_msg": "ERR_UPLOAD_BAD_IMAGE_SIZE", "error": "bad image"}


def free_photo(photo: Photo, group_id: int, item_id: int | None) -> bool:
    """A saved photo may be attached once, to an item of the community that it was uploaded for."""
    return photo.album_id == PRODUCT_ALBUM and photo.group_id == group_id and photo.item_id in {None, item_id}


def read_image(content: bytes, album_id: int) -> tuple[int, int, str] | None:
    """Width, height and media type of an acceptable picture (docs/contracts/vk.md §8.2); only the header is decoded."""
    if not content or len(content) > LARGEST_FILE:
        return None
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "GIF")) as image:
            (width, height), mime = image.size, Image.MIME[image.format or ""]
            image.verify()
    except (OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError):
        return None
    least_width, least_height = SMALLEST_SIDES[album_id]
    fits = width >= least_width and height >= least_height and width + height <= LARGEST_SUM
    return (width, height, mime) if fits and max(width, height) <= LARGEST_RATIO * min(width, height) else None


def _new_address(call: Call, kind: str) -> Json:
    club = call.editable_club(call.values["group_id"])
    token = secrets.token_hex(16)
    call.world.vk.upload_addresses[f"{kind}/{token}"] = Upload(club.id, call.token.user_id, call.get("bulk", False))
    return {"upload_url": f"{call.base_url}upload/{kind}/{token}"}


def product_upload_server(call: Call) -> Json:
    return _new_address(call, "product")


def album_upload_server(call: Call) -> Json:
    return _new_address(call, "album")


@blueprint.post("/upload/<any(product, album):kind>/<token>")
def upload(kind: str, token: str) -> Response:
    world: World = current_app.config["WORLD"]
    world.delay("upload", kind)
    with world.lock:
        world.note_call("upload", kind)
        world.faults.draw("upload")
        if fault := world.faults.take("upload", kind, UPLOAD_KINDS):
            return jsonify(BAD_IMAGE) if fault.name == "bad_image" else spoilt_answer(fault)
        address = world.vk.upload_addresses.get(f"{kind}/{token}")
        if address is None:
            return jsonify({"error_msg": "ERR_UPLOAD_TOKEN_NOT_FOUND", "error": "bad token"})
        album_id = PRODUCT_ALBUM if kind == "product" else COVER_ALBUM
        photos = [_receive(world, address, album_id, file) for file in _files(address)]
        received = [photo for photo in photos if photo is not None]
        if not received or len(received) != len(photos):
            return jsonify(BAD_IMAGE)
        answer = _product_answer(address, received) if kind == "product" else _cover_answer(address)
        world.vk.received[answer["hash"]] = Upload(address.group_id, address.user_id, address.bulk, answer, received)
        if fault := world.faults.take("upload", kind, UPLOAD_AFTER_KINDS):
            return truncated(answer) if fault.name == "truncated" else spoilt_answer(fault)
        return jsonify(answer)


def _files(address: Upload) -> list[FileStorage]:
    if address.bulk:
        return [file for name, file in request.files.items() if name.startswith("file")]
    file = request.files.get("file")
    return [file] if file else []


def _receive(world: World, address: Upload, album_id: int, file: FileStorage) -> Photo | None:
    if "." not in (file.filename or ""):
        return None
    content = file.read(LARGEST_FILE + 1)
    facts = read_image(content, album_id)
    if facts is None:
        return None
    return Photo(0, address.group_id, address.user_id, album_id, world.clock.now(), *facts, content)


def _product_answer(address: Upload, photos: list[Photo]) -> Json:
    size = {"height": str(photos[0].height), "width": str(photos[0].width), "kid": secrets.token_hex(4)}
    return {
        "sha": secrets.token_hex(8),
        "secret": secrets.token_hex(8),
        "meta": size,
        "hash": secrets.token_hex(16),
        "server": "801",
        "user_id": address.user_id,
        "group_id": address.group_id,
        "request_id": secrets.token_hex(6),
        "album_id": PRODUCT_ALBUM,
        "app_id": 5000777,
    }


def _cover_answer(address: Upload) -> Json:
    return {
        "server": 802,
        "photo": json.dumps([{"photo": secrets.token_hex(8)}]),
        "gid": address.group_id,
        "hash": secrets.token_hex(16),
    }


def save_product_photo(call: Call) -> Json:
    return {"photo_id": _save_received(call, bulk=False)[0].id}


def save_product_photo_bulk(call: Call) -> list[Json]:
    saved = [{"photo_id": photo.id} for photo in _save_received(call, bulk=True)]
    breaks_off = call.world.faults.take("vk", call.method, HALF_DONE, token=call.token.value)
    return saved[: len(saved) // 2 + 1] if breaks_off else saved


def _save_received(call: Call, *, bulk: bool) -> list[Photo]:
    """The whole upload answer as JSON text, and only once (docs/contracts/vk.md §8.1 and §13.3)."""
    try:
        answer = json.loads(call.values["upload_response"])
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise VkError(100, "upload_response is undefined")
    received = call.world.vk.received.get(str(answer.get("hash")))
    if received is None or received.answer != answer or received.bulk != bulk:
        raise VkError(100, "upload_response is invalid")
    call.editable_club(received.group_id)
    del call.world.vk.received[answer["hash"]]
    return [_keep(call, photo) for photo in received.files]


def _keep(call: Call, photo: Photo) -> Photo:
    photo.id = call.world.vk.new_photo_id()
    photo.created_at = call.now
    if not call.world.vk.settings.keep_photos:
        photo.content = b""
    call.world.vk.photos[photo.id] = photo
    return photo


def save_album_photo(call: Call) -> list[Json]:
    club = call.editable_club(call.values["group_id"])
    received = call.world.vk.received.get(call.values["hash"])
    if received is None or received.group_id != club.id or "gid" not in received.answer:
        raise VkError(121)
    if call.values["photo"] != received.answer["photo"] or call.values["server"] != received.answer["server"]:
        raise VkError(129)
    del call.world.vk.received[call.values["hash"]]
    photo = _keep(call, received.files[0])
    return [
        {
            "id": photo.id,
            "album_id": COVER_ALBUM,
            "owner_id": -club.id,
            "date": int(photo.created_at),
            "has_tags": False,
            "text": "",
            "user_id": 100,
            "sizes": [],
        }
    ]


@blueprint.get("/photos/<int:photo_id>/<size>.jpg")
def picture(photo_id: int, size: str) -> Response:
    """Every size shows the picture as it was uploaded."""
    world: World = current_app.config["WORLD"]
    photo = world.vk.photos.get(photo_id)
    if photo is None or not photo.content or not size.isalnum():
        abort(404)
    return Response(photo.content, mimetype=photo.mime, headers={"Cache-Control": "max-age=3600"})


HANDLERS: dict[str, Callable[[Call], Any]] = {
    "market.getProductPhotoUploadServer": product_upload_server,
    "market.saveProductPhoto": save_product_photo,
    "market.saveProductPhotoBulk": save_product_photo_bulk,
    "photos.getMarketAlbumUploadServer": album_upload_server,
    "photos.saveMarketAlbumPhoto": save_album_photo,
}
DIVISIBLE = frozenset({"market.saveProductPhotoBulk"})
"""May break off in the middle."""
WRITES = frozenset({"market.saveProductPhoto", "market.saveProductPhotoBulk", "photos.saveMarketAlbumPhoto"})
