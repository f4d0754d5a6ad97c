"""Photos: rules of the file, one save per upload, one item per photo (docs/contracts/vk.md §8)."""

import io
import json

import pytest

from app.sandbox.seed import CLUB_ID, EXTENDED_CLUB_ID

from .conftest import Control, Vk, jpeg

BAD = {"error_msg": "ERR_UPLOAD_BAD_IMAGE_SIZE", "error": "bad image"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_pictures_of_the_three_formats_are_taken(vk: Vk, kind: str) -> None:
    assert "hash" in vk.upload(content=jpeg(400, 400, kind))


@pytest.mark.parametrize(
    "content",
    [jpeg(399, 400), jpeg(400, 8001), jpeg(13_601, 400), jpeg(400, 400, "BMP"), b"not a picture", b""],
    ids=["small", "narrow", "long", "bmp", "text", "empty"],
)
def test_pictures_against_the_rules_are_refused(vk: Vk, content: bytes) -> None:
    assert vk.upload(content=content) == BAD


def test_a_file_name_needs_an_extension(vk: Vk) -> None:
    assert vk.upload(name="photo") == BAD


def test_an_upload_is_saved_once(vk: Vk) -> None:
    answer = json.dumps(vk.upload())
    vk.ok("market.saveProductPhoto", upload_response=answer)
    assert vk.code("market.saveProductPhoto", upload_response=answer) == 100


def test_the_upload_answer_must_be_json_text(vk: Vk) -> None:
    error = vk.error("market.saveProductPhoto", upload_response=str(vk.upload()))
    assert error["error_msg"].endswith("upload_response is undefined")


def test_a_photo_belongs_to_one_item(vk: Vk) -> None:
    photo_id = vk.photo()
    item_id = vk.add(main_photo_id=photo_id)
    error = vk.error("market.add", **vk.draft(main_photo_id=photo_id))
    assert error["error_msg"].endswith("photo not found or already assigned to another item")
    assert vk.edit(item_id, main_photo_id=photo_id, price=1) == 1


def test_a_photo_replaced_in_its_item_is_not_free_again(vk: Vk) -> None:
    first = vk.photo()
    vk.edit(vk.add(main_photo_id=first), main_photo_id=vk.photo())
    assert vk.code("market.add", **vk.draft(main_photo_id=first)) == 100


def test_a_photo_of_another_community_is_not_found(vk: Vk) -> None:
    assert vk.code("market.add", **vk.draft(main_photo_id=vk.photo(EXTENDED_CLUB_ID))) == 100


def test_one_upload_address_serves_several_files(vk: Vk) -> None:
    address = vk.ok("market.getProductPhotoUploadServer", group_id=CLUB_ID)["upload_url"]
    answers = [vk.http.post(address, data={"file": (io.BytesIO(jpeg()), "a.jpg")}).get_json() for _ in range(2)]
    saved = [vk.ok("market.saveProductPhoto", upload_response=json.dumps(answer)) for answer in answers]
    assert saved[0]["photo_id"] + 1 == saved[1]["photo_id"]


def test_a_bulk_upload_is_saved_in_bulk(vk: Vk) -> None:
    address = vk.ok("market.getProductPhotoUploadServer", group_id=CLUB_ID, bulk=1)["upload_url"]
    files = {f"file{number}": (io.BytesIO(jpeg()), "a.jpg") for number in (1, 2)}
    answer = json.dumps(vk.http.post(address, data=files).get_json())
    assert len(vk.ok("market.saveProductPhotoBulk", upload_response=answer)) == 2


def test_the_stored_picture_is_served(vk: Vk) -> None:
    content = jpeg(500, 700)
    answer = json.dumps(vk.upload(content=content))
    photo_id = vk.ok("market.saveProductPhoto", upload_response=answer)["photo_id"]
    served = vk.http.get(f"/photos/{photo_id}/z.jpg")
    assert (served.data, served.mimetype) == (content, "image/jpeg")


def test_an_album_cover_has_its_own_address_size_and_save(vk: Vk) -> None:
    address = vk.ok("photos.getMarketAlbumUploadServer", group_id=CLUB_ID)["upload_url"]
    assert vk.http.post(address, data={"file": (io.BytesIO(jpeg()), "a.jpg")}).get_json() == BAD
    answer = vk.http.post(address, data={"file": (io.BytesIO(jpeg(1280, 720)), "a.jpg")}).get_json()
    sent = {"group_id": CLUB_ID, "photo": answer["photo"], "server": answer["server"]}
    assert vk.code("photos.saveMarketAlbumPhoto", hash="wrong", **sent) == 121
    cover = vk.ok("photos.saveMarketAlbumPhoto", hash=answer["hash"], **sent)[0]
    assert cover["album_id"] == -53
    vk.ok("market.addAlbum", owner_id=-CLUB_ID, title="С обложкой", photo_id=cover["id"])


def test_uploads_can_fail_on_demand(vk: Vk, control: Control) -> None:
    control.fault("upload", "http_502", times=1)
    address = vk.ok("market.getProductPhotoUploadServer", group_id=CLUB_ID)["upload_url"]
    assert vk.http.post(address, data={"file": (io.BytesIO(jpeg()), "a.jpg")}).status_code == 502
    control.fault("upload", "bad_image", target="product", times=1)
    assert vk.upload() == BAD
    assert "hash" in vk.upload()
