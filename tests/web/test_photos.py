"""The page of one product and of one group, and their photos."""

from typing import Any

import pytest

from app.db import db
from app.models import Photo, User
from app.services.owner import settings
from app.services.photos import files
from app.services.photos.making import LARGEST_FILE
from app.web.catalog.forms import LARGEST_REQUEST
from tests.factories import add_group, add_product, add_store, connect_both
from tests.support.page import Browser, Page
from tests.support.pictures import bomb, opened, picture
from tests.support.sandbox import STORE

PRODUCT, GROUP = "/catalog/stores/S1/products/P1", "/catalog/stores/S1/groups/tea"


@pytest.fixture(autouse=True)
def shop(owner: User) -> User:
    add_store(owner)
    add_group(owner, "tea", "Чай")
    add_product(owner, "P1", name="Чай «Утро»", group_id="tea", price=150, quantity=3)
    add_product(owner, "P2", group_id="tea")
    return owner


def upload(browser: Browser, page: str = PRODUCT, content: bytes | None = None, status: int = 200) -> Page:
    browser.get(page)
    return browser.upload(f"{page}/photo", "Паспорт Иванова.jpg", picture() if content is None else content, status)


def only_photo() -> Photo:
    db.session.expire_all()
    return db.session.query(Photo).one()


def test_the_page_shows_how_the_product_looks_in_vk(browser: Browser) -> None:
    page = browser.get(PRODUCT)
    assert page.heading == "Чай «Утро»"
    assert "150,00 ₽" in page.text
    assert page.one("img.cover")["src"] == f"{PRODUCT}/card"
    assert page.one("input[type=file]")["accept"] == "image/jpeg,image/png,image/webp"
    card = browser.client.get(f"{PRODUCT}/card")
    assert opened(card.data).size[0] == 480 and card.headers["Cache-Control"].startswith("private")


def test_an_uploaded_photo_is_shown_and_said_to_be_the_products_own(browser: Browser) -> None:
    page = upload(browser)
    digest = only_photo().digest
    assert page.path == PRODUCT and page.notices[0].startswith("Фото сохранено")
    assert "Это фото вы загрузили для этого товара" in page.text and "Иванова" not in page.text
    assert page.one("img.cover")["src"] == f"/catalog/photos/{digest}?size=small"
    answer = browser.client.get(f"/catalog/photos/{digest}")
    assert opened(answer.data).size == (900, 1200) and answer.mimetype == "image/jpeg"
    assert "private" in answer.headers["Cache-Control"] and "immutable" in answer.headers["Cache-Control"]
    assert opened(browser.client.get(f"/catalog/photos/{digest}?size=small").data).size == (480, 640)


def test_the_photo_of_a_group_serves_its_products(browser: Browser) -> None:
    assert "подойдёт для 2 товаров" in browser.get(GROUP).text
    page = upload(browser, GROUP)
    assert page.path == GROUP and "сейчас таких 2" in page.text
    product = browser.get(PRODUCT)
    assert "поэтому показываем фото группы Чай" in product.text and GROUP in product.links()
    upload(browser)
    assert "сейчас таких 1" in browser.get(GROUP).text


def test_removing_goes_back_to_the_card(browser: Browser) -> None:
    upload(browser)
    page = browser.submit(f"{PRODUCT}/photo/delete")
    assert page.notices[0].startswith("Фото убрано") and page.one("img.cover")["src"] == f"{PRODUCT}/card"
    assert browser.post(f"{PRODUCT}/photo/delete").notices[0].startswith("Своего фото здесь уже нет")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Сначала выберите файл"),
        (b"%PDF-1.7", "Подойдёт JPEG, PNG или WebP"),
        (picture()[:2000], "Файл повреждён"),
        (picture((300, 300)), "от 400 на 400"),
        (picture((400, 3000)), "слишком вытянутое"),
        (bomb(), "до 50 мегапикселей"),
        (b"\0" * (LARGEST_FILE + 1), "больше 15 МБ"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("page", [PRODUCT, GROUP])
def test_a_refusal_says_what_to_do(browser: Browser, page: str, content: bytes, said: str) -> None:
    assert said in upload(browser, page, content, 422).errors[0]
    assert db.session.query(Photo).count() == 0


def test_who_waits_too_long_for_another_photo_is_asked_to_come_again(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LONGEST_WAIT", 0.1)
    with files.turn():
        assert "через минуту" in upload(browser, status=503).errors[0]
    assert upload(browser).notices[0].startswith("Фото сохранено")


def test_a_file_that_was_spoilt_on_the_disk_is_not_shown(browser: Browser, owner: User) -> None:
    upload(browser)
    digest = only_photo().digest
    files.write(owner.id, digest, b"spoilt")
    browser.get(f"/catalog/photos/{digest}?size=small", 404)


def test_a_form_without_a_file_is_refused(browser: Browser) -> None:
    browser.get(PRODUCT)
    assert browser.post(f"{PRODUCT}/photo", {"photo": "text"}, 422).errors


def test_a_request_beyond_all_measure_is_told_in_words(browser: Browser) -> None:
    page = upload(browser, content=b"\0" * LARGEST_REQUEST, status=413)
    assert "15 МБ" in page.text


def test_only_a_form_with_a_file_may_be_as_large_as_a_photo(browser: Browser) -> None:
    browser.get(PRODUCT)
    browser.post(f"{PRODUCT}/photo", {"x": "x" * 3_000_000}, 413)


def test_other_pages_take_no_more_than_before(browser: Browser) -> None:
    browser.get("/sync/settings")
    browser.post("/sync/settings", {"x": "x" * 3_000_000}, 413)


def test_what_belongs_to_others_does_not_exist(browser: Browser, stranger: Browser) -> None:
    upload(browser)
    digest = only_photo().digest
    for path in (PRODUCT, GROUP, f"{PRODUCT}/card", f"/catalog/photos/{digest}"):
        stranger.get(path, 404)
    stranger.get("/sync")
    for path in (f"{PRODUCT}/photo/delete", f"{GROUP}/photo/delete"):
        stranger.post(path, status=404)
    for path in (PRODUCT, GROUP):
        stranger.get("/sync")
        stranger.upload(f"{path}/photo", "a.jpg", picture(), 404)
    assert only_photo().digest == digest


@pytest.mark.parametrize("path", ["products/none", "groups/none", "products/%00", "groups/%00"])
def test_what_is_not_there_is_not_found(browser: Browser, path: str) -> None:
    browser.get(f"/catalog/stores/S1/{path}", 404)
    browser.get("/catalog")
    browser.post(f"/catalog/stores/S1/{path}/photo/delete", status=404)


@pytest.mark.parametrize("digest", ["x", "..%2f..%2fetc", "a" * 64, "%00"])
def test_a_digest_of_nothing_is_not_found(browser: Browser, digest: str) -> None:
    browser.get(f"/catalog/photos/{digest}", 404)


def test_the_page_says_what_holds_a_product_back(browser: Browser, owner: User) -> None:
    settings.change(owner, photo_required=True)
    db.session.commit()
    page = browser.get(PRODUCT)
    assert "Нет фото" in page.notices[0]
    assert "Нет фото" in browser.get("/catalog/stores/S1?state=problem").text
    assert "no_photo" in browser.client.get("/catalog/export.csv", buffered=True).text
    upload(browser)
    assert not any("Нет фото" in notice for notice in browser.get(PRODUCT).notices)


@pytest.mark.parametrize("fields", [{"price": None}, {"name": ""}, {"quantity": None, "group_id": None}])
def test_a_product_that_lacks_something_has_a_page_too(browser: Browser, owner: User, fields: dict[str, Any]) -> None:
    connect_both(owner)
    add_product(owner, "P7", STORE, **fields)
    browser.get(f"/catalog/stores/{STORE}/products/P7")
    browser.client.get(f"/catalog/stores/{STORE}/products/P7/card")


def test_the_owner_may_require_photos(browser: Browser, owner: User) -> None:
    page = browser.get("/sync/settings")
    assert not page.all("input[name=photo_required][checked]")
    browser.post(
        "/sync/settings", {"stock_rule": "hide", "show_from": "1", "remove_after_days": "7", "photo_required": "y"}
    )
    db.session.expire_all()
    assert settings.owner_settings(owner).photo_required
