"""Keys and communities as people paste them."""

import pytest

from app.domain.account.pasted import LONGEST, Service, community_in, holds_key, key_in

VK = "vk1.a.Xy-Z_0aBc-dEf_9"
UUID = "0b9d8c1e-aaaa-4bbb-8ccc-1234567890ab"
BLANK = "https://oauth.vk.com/blank.html"
ZERO = "\u200b"


@pytest.mark.parametrize(
    "pasted",
    [
        VK,
        f"  {VK}\n",
        f"{BLANK}#access_token={VK}&expires_in=0&user_id=1",
        f"{BLANK}#expires_in=0&access_token={VK}",
        f"oauth.vk.ru/blank.html#access_token={VK}",
        f"https://example.ru/in?token={VK}&uid=5",
        f"https://example.ru/in?id_token=eyJ.1&refresh_token=r1&access_token={VK}",
        f"#access_token={VK}&expires_in=86400",
        f"access_token={VK}&expires_in=0",
        f"access_token={VK}&amp;expires_in=0",
        f"access_token: {VK}\nexpires_in: 0\nuser_id: 1",
        f'{{"access_token": "{VK}", "expires_in": 3600}}',
        f'{{"access_token":"{VK}"}}',
        f"https%3A%2F%2Foauth.vk.com%2Fblank.html%23access_token%3D{VK}%26expires_in%3D0",
        f"https://vk.com/away.php?to=https%3A%2F%2Fa.ru%23access_token%3D{VK}%26expires_in%3D0",
        f"Bearer {VK}",
        f"bearer: {VK}",
        f"Authorization: Bearer {VK}",
        f"X-Authorization: {VK}",
        f"Token: {VK}",
        f"TOKEN {VK}",
        f"token={VK}",
        f"access token: {VK}",
        f"Токен: {VK}",
        f"Ключ доступа: «{VK}».",
        f"мой ключ — {VK}",
        f'"{VK}"',
        f"'{VK}'",
        f"«{VK}»",
        f"„{VK}“,",
        f"`{VK}`",
        f"<{VK}>",
        f"({VK})",
        f"{VK}.",
        f"{VK},",
        f"{VK}…",
        f"{VK} ;",
        f"\ufeff{VK}",
        f"{VK[:9]}{ZERO}{VK[9:]}",
        f"\u2060{VK}\u200e",
        f"{VK[:9]}\u00ad{VK[9:]}",
        f"{VK[:9]}\n{VK[9:]}",
        f"{VK[:9]} \r\n {VK[9:]}",
        f"{BLANK}#access_token={VK[:9]}\n{VK[9:]}&expires_in=0&user_id=1",
    ],
)
def test_a_key_is_found_in_what_was_pasted(pasted: str) -> None:
    assert key_in(pasted).key == VK


@pytest.mark.parametrize(
    "pasted", ["demo-user", "0b9d8c1e", "token123", "keyring", "abc-", "abc_", "YWJj=", "a.b", "bearer"]
)
def test_a_key_of_any_look_stays_as_it_is(pasted: str) -> None:
    assert key_in(pasted).key == pasted


@pytest.mark.parametrize("pasted", ["tok en", f"{VK[:9]} {VK[9:]}"])
def test_a_space_within_is_left_to_be_told(pasted: str) -> None:
    assert " " in key_in(pasted).key


@pytest.mark.parametrize(
    "pasted",
    [
        BLANK,
        f"{BLANK}#error=access_denied&error_description=denied",
        f"{BLANK}#code=7a6fa4dff77a228eeda56603",
        "https://id.vk.com/not_robot_captcha?session_token=abc",
        "vk.com/lavka",
        "https://market.evotor.ru/store/apps/1",
    ],
)
def test_an_address_without_a_key_is_none(pasted: str) -> None:
    found = key_in(pasted)
    assert not found.key and found.is_address


@pytest.mark.parametrize(
    ("pasted", "service"),
    [
        (VK, Service.VK),
        ("VK2.a." + "x" * 30, Service.VK),
        ("0123456789abcdef0" * 5, Service.VK),
        (f"{BLANK}#access_token=abc&user_id=1", Service.VK),
        (UUID, Service.EVOTOR),
        (UUID.upper(), Service.EVOTOR),
        (f"Token: {UUID}", Service.EVOTOR),
        (f"https://a.ru/evotor?token={UUID}&uid=01-000000000012345", Service.EVOTOR),
        ("https://a.ru/evotor?token=abc&uid=01-000000000012345", Service.EVOTOR),
        ("demo-user", None),
        ("0b9d8c1e-aaaa-4bbb-8ccc", None),
    ],
)
def test_whose_key_it_is_shows(pasted: str, service: Service | None) -> None:
    assert key_in(pasted).service is service


def test_the_number_of_an_evotor_user_is_no_key() -> None:
    assert key_in("01-000000000012345").is_user_number and not key_in(UUID).is_user_number


def test_a_key_is_not_shown_by_what_holds_it() -> None:
    assert VK not in repr(key_in(VK))


@pytest.mark.parametrize(
    "text",
    [
        *(VK, UUID, f"{BLANK}#access_token=abc", f"token={VK}", f"vk.com/lavka {VK}", f"мой ключ: {UUID} вот"),
        *("club1#access%5Ftoken%3Dabc", "token zzz", "key=zzz", f"вот {'0f' * 42}0 он", f"club1 {UUID}…", "я" * 501),
    ],
)
def test_a_key_in_the_wrong_place_is_noticed(text: str) -> None:
    assert holds_key(text)


@pytest.mark.parametrize(
    "text", ["vk.com/lavka", "777000111", "@vk1", "vk.com/vk1.apple", "лавка", "", "https://vk.com/a?from=b"]
)
def test_a_community_is_not_taken_for_a_key(text: str) -> None:
    assert not holds_key(text)


@pytest.mark.parametrize(
    "written",
    [
        "777000111",
        "-777000111",
        "−777000111",
        "777 000 111",
        "777\u00a0000\u202f111",
        "№ 777000111",
        "#777000111",
        "«777000111»",
        "777000111.",
        "ID: 777000111",
        "id сообщества: 777 000 111",
        "club777000111",
        "CLUB777000111",
        "club 777000111",
        "public777000111",
        "event777000111",
        "@club777000111",
        "@club777000111 (Лавка на Садовой)",
        "[club777000111|Лавка]",
        "*club777000111",
        "market-777000111",
        "vk.com/market-777000111",
        "https://vk.com/market-777000111?section=album_1",
        "https://vk.ru/market-777000111?w=product-777000111_9000001",
        "https://vk.com/product-777000111_9000001",
        "https://vk.com/market/product/chay-travyanoy-777000111-9000045",
        "https://vk.com/wall-777000111_12",
        "https://vk.com/albums-777000111",
        "https://vk.com/gim777000111?sel=1",
        "https://m.vk.com/club777000111?w=wall-1_2",
        "https://vk.com/groups?w=club777000111",
        "https://vk.com/feed?w=wall-777000111_5",
        "HTTPS://VK.COM/CLUB777000111/",
        "http://www.vk.ru/public777000111",
        "vkontakte.ru/event777000111",
        "https://vk.me/club777000111",
        "Наша лавка: https://vk.com/club777000111, заходите",
        "\ufeffvk.com/\u200bclub777000111",
        "https://vk.com/club777\n000111",
        "vk.com\\club777000111",
    ],
)
def test_the_number_of_a_community_is_found(written: str) -> None:
    assert community_in(written) == 777000111


@pytest.mark.parametrize(
    "written",
    [
        "lavka",
        "Lavka",
        "@lavka",
        "@ lavka".replace(" ", ""),
        "vk.com/lavka",
        "vk.ru/lavka/",
        "https://vk.com/lavka?from=search",
        "https://vk.com/LAVKA#market",
        "https://vk.com/@lavka",
        "https://m.vk.com/lavka",
        "https://vk.com//lavka",
        "vk.me/lavka",
        "«https://vk.com/lavka».",
        "(vk.com/lavka)",
        "Сообщество: @lavka",
        "vk.com/lavka\u200b",
    ],
)
def test_the_short_name_of_a_community_is_found(written: str) -> None:
    assert community_in(written) == "lavka"


@pytest.mark.parametrize(
    ("written", "name"), [("vk.com/lavka.ru", "lavka.ru"), ("@1tv", "1tv"), ("my_shop", "my_shop")]
)
def test_short_names_of_every_kind(written: str, name: str) -> None:
    assert community_in(written) == name


@pytest.mark.parametrize(
    "written",
    [
        *(
            "",
            "-",
            "0",
            "лавка",
            "99999999999999",
            "9" * 5000,
            "٧٧٧",
            "a",
            "vk.com",
            "vk.com/",
            "id50001234",
            "vk.com/id1",
        ),
        *("https://ok.ru/lavka", "https://vk.com/feed", "https://vk.com/im?sel=5", "https://evil.ru/?vk", "моя лавка"),
        *("https://notvk.com/lavka", "vk.com/lavka-shop", "777-000"),
    ],
)
def test_what_names_no_community_is_none(written: str) -> None:
    assert community_in(written) is None


@pytest.mark.parametrize("filling", ["\n", " ", "\n ", "\r", "<", ".", "ключ ", "a-", "vk.com/"])
def test_a_long_filling_is_read_in_one_go(filling: str) -> None:
    """A search that goes back over its own steps takes the better part of an hour for these."""
    typed = "a" + filling * LONGEST + "!"
    key_in(typed)
    holds_key(typed)
    community_in(typed)
