"""A goods file as one large store."""

from pathlib import Path

import pytest

from app.sandbox.goods import STORE_NAME, BadGoodsFile, load_store

HEADER = "id\tbarcode\tname\tcategory\tbrand\n"
ROWS = (
    "7\t460001\tЧай «Утро» 100 г\tПродукты (folder)/Чай и кофе/Чай\tУтро\n"
    '8\t\tСоль "морская" 1 кг\tПродукты (folder)/Соль\t\n'
)


@pytest.fixture
def goods_file(tmp_path: Path) -> Path:
    path = tmp_path / "goods.tsv"
    path.write_text(HEADER + ROWS, encoding="utf-8")
    return path


def test_the_category_becomes_nested_groups(goods_file: Path) -> None:
    store = load_store(goods_file, "01-000000000012345")
    names = {group["id"]: group["name"] for group in store.groups.values()}
    parents = {group["name"]: names.get(group.get("parent_id", "")) for group in store.groups.values()}
    assert parents == {"Продукты": None, "Чай и кофе": "Продукты", "Чай": "Чай и кофе", "Соль": "Продукты"}
    assert store.about["name"] == STORE_NAME


def test_invented_facts_are_the_same_every_time(goods_file: Path) -> None:
    first, second = load_store(goods_file, "u"), load_store(goods_file, "u")
    assert first == second
    assert all(product["price"] > 0 for product in first.products.values())


def test_quotes_in_names_and_missing_barcodes_are_kept(goods_file: Path) -> None:
    salt = list(load_store(goods_file, "u").products.values())[1]
    assert (salt["name"], salt["barcodes"]) == ('Соль "морская" 1 кг', [])


def test_only_the_first_goods_are_loaded_when_asked(goods_file: Path) -> None:
    assert len(load_store(goods_file, "u", limit=1).products) == 1


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "goods.tsv"
    path.write_text("a\tb\n1\t2\n", encoding="utf-8")
    with pytest.raises(BadGoodsFile, match="no column"):
        load_store(path, "u")
