"""Generated pictures: what VK takes, the same for the same name, whatever the name."""

import io

import pytest
from PIL import Image

from app.services.photos import cards


def picture(name: str) -> Image.Image:
    image = Image.open(io.BytesIO(cards.draw(name)))
    image.load()
    return image


def test_a_card_is_a_jpeg_of_the_size_that_vk_shows_best() -> None:
    image = picture("Чай травяной")

    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (1280, 1706))


def test_the_same_name_gives_the_same_picture() -> None:
    assert cards.draw("Чай травяной") == cards.draw("Чай травяной")


def test_another_name_gives_another_picture() -> None:
    assert cards.draw("Чай травяной") != cards.draw("Чай чёрный")


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        ".",
        "'",
        "Ш" * 100,
        "Ш " * 50,
        "Сверхдлинноеслово" * 5,
        "iiiiiiiiii" * 10,
        "Молоко 2,5 % 930 мл",
        "A" * 4,
    ],
)
def test_any_name_makes_a_card(name: str) -> None:
    assert picture(name).size == (cards.WIDTH, cards.HEIGHT)


@pytest.mark.parametrize("name", ["Ш" * 100, "Ш " * 50, "Щётка-швабра " * 7, "ширина" * 16])
def test_no_text_runs_over_the_margin(name: str) -> None:
    font, lines = cards._fitting(name)

    assert max(font.getlength(line) for line in lines) <= cards.WIDTH - 2 * cards.MARGIN
    assert len(lines) * font.size * 1.24 < cards.HEIGHT


def test_the_whole_name_stands_on_the_card() -> None:
    name = "Сыр полутвёрдый «Российский» молодой, жирность 50 процентов, нарезка, вакуум"

    _, lines = cards._fitting(name)

    assert " ".join(lines) == name


def test_a_number_and_its_unit_stay_on_one_line() -> None:
    _, lines = cards._fitting("Лимонад «Буратино» с сахаром ПЭТ бутылка 1500 мл и ещё слово")

    assert any("1500\u00a0мл" in line for line in lines)
