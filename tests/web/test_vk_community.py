"""Choosing a community after signing in with VK ID."""

from datetime import timedelta

import pytest
import requests
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.models import AccountEvent, SyncConfig, User, VkPendingAccess
from app.services.vendors import turns
from config import Settings
from tests.conftest import settings_for
from tests.factories import PASSWORD, connect_both, make_active, make_user
from tests.support import story
from tests.support.clock import NOON, stop_at
from tests.support.connections import stored_vk
from tests.support.page import Browser, Page, words
from tests.support.sandbox import CLOSED_CLUB, CLUB, EXTENDED_CLUB, VK_TOKEN, Sandbox
from tests.support.vk_id import BORIS, asked, decided, followed, settings_of, signed_in

MODERATED, TENGE = 777000333, 777000666


@pytest.fixture
def settings(sqlite_url: str, sandbox: Sandbox) -> Settings:
    return settings_for(sqlite_url, sandbox, **settings_of(sandbox))


def test_the_usable_come_first_with_what_stands_there(browser: Browser, sandbox: Sandbox) -> None:
    page = signed_in(browser, sandbox)

    buttons = [str(button["aria-label"]) for button in page.all(".communities button")]
    assert buttons == ["Выбрать «Лавка на Садовой»", "Выбрать «Ярмарка у моста»"]
    assert page.text.count("Там уже 4 товара, мы их не тронем.") == 2


def test_each_shows_its_picture_and_no_other_page_lets_foreign_ones_in(browser: Browser, sandbox: Sandbox) -> None:
    page = signed_in(browser, sandbox)

    pictures = [str(picture["src"]) for picture in page.all(".community img")]
    assert f"{sandbox.url}/ui/club{CLUB}.svg" in pictures
    assert requests.get(pictures[0], timeout=5).headers["Content-Type"].startswith("image/svg+xml")
    assert f"img-src 'self' data: {sandbox.url};" in page.answer.headers["Content-Security-Policy"]
    assert sandbox.url not in browser.get("/vk").answer.headers["Content-Security-Policy"]


def test_the_others_tell_why_not(browser: Browser, sandbox: Sandbox) -> None:
    page = signed_in(browser, sandbox)

    told = {str(card.select_one("h3").get_text()): card.get_text(" ") for card in page.all(".community-off")}  # type: ignore[union-attr]
    assert "выключены товары" in told["Клуб чаепития"]
    assert "не в рублях" in told["Сувениры Астаны"]
    assert "модератор" in told["Соседи по району"]


@pytest.mark.parametrize(
    ("club", "said"),
    [
        (CLOSED_CLUB, "выключены товары"),
        (MODERATED, "Вот список заново"),
        (TENGE, "не в рублях"),
        (1, "Такого сообщества нет"),
        ("", "Выберите сообщество"),
        ("club1", "из списка"),
    ],
)
def test_a_wrong_community_does_not_lose_the_key(
    browser: Browser, sandbox: Sandbox, club: int | str, said: str
) -> None:
    signed_in(browser, sandbox)

    page = browser.post("/vk/community", {"group_id": str(club)}, 422)

    assert said in page.notices[0]
    assert stored_vk() is None
    assert browser.post("/vk/community", {"group_id": str(CLUB)}).path == "/connections"


def test_a_community_of_another_account_is_told_on_trying(app: Flask, browser: Browser, sandbox: Sandbox) -> None:
    connect_both(make_user("first@example.ru"))
    signed_in(browser, sandbox)

    page = browser.post("/vk/community", {"group_id": str(CLUB)}, 422)

    assert "другой учётной записи" in page.notices[0]
    assert db.session.query(VkPendingAccess).count() == 1


def test_signing_in_again_goes_straight_to_the_connected_community(browser: Browser, sandbox: Sandbox) -> None:
    browser.client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"
    signed_in(browser, sandbox)
    browser.post("/vk/community", {"group_id": str(CLUB)})
    first = stored_vk()
    assert first is not None
    token = first.token

    page = signed_in(browser, sandbox)

    assert page.path == "/vk" and page.notices == ["Вошли через ВК. Сообщество «Лавка на Садовой» снова подключено."]
    vk = stored_vk()
    assert vk is not None and vk.token != token and vk.group_id == CLUB
    again = db.session.scalars(sa.select(AccountEvent).order_by(AccountEvent.id.desc())).first()
    assert again is not None and (again.kind, again.device) == ("vk_connected", "Firefox, Windows")


def test_reconnecting_keeps_the_confirmation_and_another_community_clears_it(
    browser: Browser, owner: User, sandbox: Sandbox
) -> None:
    make_active(connect_both(owner))
    signed_in(browser, sandbox)
    assert is_confirmed()

    page = browser.post("/vk/community", {"group_id": str(EXTENDED_CLUB)})

    assert "другое сообщество" in page.notices[0]
    assert not is_confirmed()


def is_confirmed() -> bool:
    config = db.session.query(SyncConfig).populate_existing().one()
    return config.is_enabled and config.confirmed_at is not None


def test_another_person_who_may_not_edit_it_chooses(browser: Browser, sandbox: Sandbox) -> None:
    signed_in(browser, sandbox)
    browser.post("/vk/community", {"group_id": str(CLUB)})

    page = signed_in(browser, sandbox, person=BORIS)

    assert page.path == "/vk/community" and "Канцтовары у школы" in page.text
    vk = stored_vk()
    assert vk is not None and vk.group_id == CLUB, "nothing is another before the choice"


def test_a_pasted_key_may_choose_another_community_as_well(browser: Browser, owner: User, sandbox: Sandbox) -> None:
    connect_both(owner)

    browser.get("/vk/community")
    browser.post("/vk/community", {"group_id": str(EXTENDED_CLUB)})

    vk = stored_vk()
    assert vk is not None and (vk.group_id, vk.token) == (EXTENDED_CLUB, "demo-user")


def test_who_has_not_signed_in_is_sent_to_do_so(browser: Browser) -> None:
    page = browser.get(browser.get("/vk/community", 302).location)
    assert page.path == "/vk" and "Сначала войдите через ВК" in page.notices[0]


@pytest.mark.parametrize("target", ["market.get", "execute"])
def test_what_cannot_be_counted_keeps_nobody_from_choosing(browser: Browser, sandbox: Sandbox, target: str) -> None:
    sandbox.fault("vk", "internal", target)
    page = signed_in(browser, sandbox)
    assert len(page.all(".communities button")) == 2


def test_while_vk_is_silent_the_page_says_so_and_keeps_the_key(browser: Browser, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "http_502", "groups.get")

    page = signed_in(browser, sandbox)

    assert "ВК не отвечает" in page.notices[0] and "/vk/community" in page.links()
    sandbox.clear_faults()
    assert "Лавка на Садовой" in browser.get("/vk/community").text


def test_a_person_without_communities_reads_what_to_do(browser: Browser, sandbox: Sandbox) -> None:
    for club in (CLUB, EXTENDED_CLUB, MODERATED, CLOSED_CLUB, TENGE):
        sandbox.control("vk/clubs", id=club, levels={})
    assert "Сообществ пока нет" in signed_in(browser, sandbox).text


def test_the_names_of_communities_are_no_markup(browser: Browser, sandbox: Sandbox) -> None:
    requests.post(f"{sandbox.url}/_control/vk/clubs", json={"id": CLUB, "name": "<b>Лавка</b> & «сын»"}, timeout=10)
    page = signed_in(browser, sandbox)
    assert not page.all(".community b") and "<b>Лавка</b> & «сын»" in page.text


def test_while_another_page_of_the_owner_asks_the_choice_waits(browser: Browser, owner: User, sandbox: Sandbox) -> None:
    back = decided(sandbox, asked(browser))
    with turns.turn(owner.id):
        page = browser.get(back, 429)
        assert "Вход не пропал" in page.text and "обновите эту страницу" in page.text
    assert followed(browser, back).path == "/vk/community", "the way back was not spent by that"


def test_a_list_made_by_a_sign_in_that_is_over_is_shown_anew(
    browser: Browser, owner: User, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect_both(owner)
    page = signed_in(browser, sandbox, person=BORIS)
    assert page.path == "/vk/community"
    shown = {str(field["name"]): str(field["value"]) for field in page.all("main form")[0].select("input")}
    stop_at(monkeypatch, NOON + timedelta(hours=1))
    given = shown | {"group_id": str(EXTENDED_CLUB)}

    page = browser.post("/vk/community", given, 422)

    assert "уже закончился" in page.notices[0] and "Лавка на Садовой" in page.text
    vk = stored_vk()
    assert vk is not None and vk.group_id == CLUB


def test_a_sign_in_that_vk_takes_no_more_has_to_be_made_anew(browser: Browser, sandbox: Sandbox) -> None:
    signed_in(browser, sandbox)
    sandbox.fault("vk", "auth", times=10)

    page = browser.post("/vk/community", {"group_id": str(CLUB)}, 422)

    assert page.text.count("Нажмите «Войти через ВК», чтобы товары снова обновлялись.") == 1
    assert "/vk/authorize" in page.links() and stored_vk() is None


def test_so_it_is_where_only_the_choice_was_refused(browser: Browser, sandbox: Sandbox) -> None:
    signed_in(browser, sandbox)
    sandbox.fault("vk", "auth", "account.getAppPermissions")

    page = browser.post("/vk/community", {"group_id": str(CLUB)}, 422)

    assert "Нажмите «Войти через ВК»" in page.notices[0] and "/vk/authorize" in page.links()
    assert "Лавка на Садовой" in page.text


def test_a_community_with_goods_of_ours_is_known_also_after_another_one(
    browser: Browser, owner: User, sandbox: Sandbox
) -> None:
    story.ran(owner)
    browser.get("/vk/community")
    browser.post("/vk/community", {"group_id": str(EXTENDED_CLUB)})

    page = browser.get("/vk/community")

    told = [page.text.count(said) for said in ("Это сообщество вы уже подключали.", "Подключено сейчас.")]
    assert told == [1, 1] and "не тронем" not in page.text


def test_the_connected_community_needs_no_choice_and_another_one_is_asked_about_first(
    browser: Browser, owner: User, sandbox: Sandbox
) -> None:
    story.ran(owner)
    page = browser.get("/vk/community")

    here, other = page.all(".communities > li:not(.community-off)")
    assert "Подключено сейчас" in words(here) and not here.select("form")
    (form,) = other.select("details.confirm form")
    asked_first = words(form)
    assert "Синхронизация выключится" in asked_first
    assert "9 наших товаров в прежнем сообществе «Лавка на Садовой» останутся там" in asked_first

    browser.submit("/vk/community")
    vk = stored_vk()
    assert vk is not None and vk.group_id == EXTENDED_CLUB


def test_without_goods_in_sight_nothing_is_asked(browser: Browser, owner: User, sandbox: Sandbox) -> None:
    connect_both(owner)
    assert not browser.get("/vk/community").all("details.confirm")


def test_lists_are_limited_when_they_are_only_opened(browser: Browser, owner: User, sandbox: Sandbox) -> None:
    statuses = [browser.client.get("/vk/community").status_code for _ in range(21)]
    assert statuses == [302] * 20 + [429]


# Disconnecting


def test_disconnecting_forgets_at_once_also_while_another_page_asks(
    browser: Browser, owner: User, sandbox: Sandbox
) -> None:
    signed_in(browser, sandbox)
    browser.post("/vk/community", {"group_id": str(CLUB)})

    with turns.turn(owner.id):
        page = browser.post("/vk/disconnect")

    assert "ВК отключён" in page.notices[0] and "Отозвать доступ" in page.notices[1]
    vk = stored_vk()
    assert vk is not None and vk.token is None


def test_disconnecting_revokes_the_token_at_vk(browser: Browser, sandbox: Sandbox) -> None:
    signed_in(browser, sandbox)
    browser.post("/vk/community", {"group_id": str(CLUB)})

    page = browser.post("/vk/disconnect")

    assert len(page.notices) == 1 and "ВК отключён" in page.notices[0]
    assert [entry["target"] for entry in sandbox.log("vkid")["entries"]] == ["auth", "revoke"]


@pytest.mark.parametrize("kind", ["http_502", "drop_before", "garbage"])
def test_where_vk_does_not_revoke_it_is_forgotten_all_the_same(browser: Browser, sandbox: Sandbox, kind: str) -> None:
    signed_in(browser, sandbox)
    browser.post("/vk/community", {"group_id": str(CLUB)})
    sandbox.fault("vkid", kind, "revoke")

    page = browser.post("/vk/disconnect")

    assert "ВК отключён" in page.notices[0] and "Отозвать доступ" in page.notices[1]
    vk = stored_vk()
    assert vk is not None and (vk.token, vk.refresh_token, vk.device_id, vk.group_id) == (None, None, None, None)


def test_a_pasted_key_is_never_revoked(browser: Browser, owner: User, sandbox: Sandbox) -> None:
    connect_both(owner)
    browser.get("/vk")
    browser.post("/vk/disconnect")
    assert sandbox.log("vkid")["entries"] == []


def asked_of_vk_id(sandbox: Sandbox) -> list[str]:
    return [entry["target"] for entry in sandbox.log("vkid")["entries"]]


def delete_account(browser: Browser) -> Page:
    browser.get("/account")
    return browser.post("/account", {"action": "delete", "password": PASSWORD})


@pytest.mark.parametrize("is_chosen", [True, False])
def test_deleting_the_account_revokes_what_vk_gave(browser: Browser, sandbox: Sandbox, is_chosen: bool) -> None:
    signed_in(browser, sandbox)
    if is_chosen:
        browser.post("/vk/community", {"group_id": str(CLUB)})

    page = delete_account(browser)

    assert len(page.notices) == 1 and "Учётная запись удалена" in page.notices[0]
    assert asked_of_vk_id(sandbox) == ["auth", "revoke"]


def test_where_vk_does_not_revoke_the_account_is_deleted_all_the_same(browser: Browser, sandbox: Sandbox) -> None:
    signed_in(browser, sandbox)
    sandbox.fault("vkid", "http_502", "revoke")

    page = delete_account(browser)

    assert "Учётная запись удалена" in page.notices[0] and "Отозвать доступ" in page.notices[1]
    assert db.session.query(User).count() == 0


def test_a_pasted_key_in_its_place_revokes_what_vk_gave(browser: Browser, sandbox: Sandbox) -> None:
    signed_in(browser, sandbox)
    browser.post("/vk/community", {"group_id": str(CLUB)})
    browser.get("/vk")

    browser.submit("/vk", group_id=str(CLUB), access_token=VK_TOKEN)

    assert asked_of_vk_id(sandbox) == ["auth", "revoke"]


def test_the_page_says_who_signed_in_and_lets_another_person_sign_in(browser: Browser, sandbox: Sandbox) -> None:
    page = signed_in(browser, sandbox)
    assert "В ВК вошли как Анна" in page.text and "/vk/authorize?person=other" in page.links()
    assert "prompt=login" in browser.get("/vk/authorize?person=other", 302).location

    page = browser.get("/vk")
    assert "Продолжить: выбрать сообщество" in page.text and "/vk/community" in page.links()
