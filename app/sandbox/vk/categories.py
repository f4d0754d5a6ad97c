"""VK's tree of market categories, of a realistic size: docs/contracts/vk.md §7.

The numbered leaves are those of the contract; the rest is invented. Only leaves take items.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from app.sandbox.documents import Json
from app.sandbox.vk.call import Call

OTHER = 1
SECTIONS_FROM, LEAVES_FROM = 10_001, 20_004

TREE = """
Гардероб
  20000 Женщинам
  20001 Мужчинам
  20002 Детям
  Обувь женская
  Обувь мужская
  Обувь детская
  Сумки и рюкзаки
  Головные уборы
  Перчатки и варежки
  Ремни и кошельки
  Зонты
  Чулки, носки, колготки
  Нижнее бельё
  Спецодежда
Украшения
  40064 Ювелирные украшения
    50053 Кольца
    50056 Серьги
    50057 Цепочки
    50062 Браслеты
    50063 Подвески
    50067 Броши
    50068 Запонки
  Бижутерия
    50101 Бусы и колье
    50354 Наборы бижутерии
  Часы
Электроника
  20003 Смартфоны и гаджеты
  Чехлы и защитные стёкла
  Зарядные устройства и кабели
  Наушники и колонки
  Телевизоры
  Фото- и видеокамеры
  Игровые приставки
  Карты памяти и флешки
  Батарейки и аккумуляторы
Компьютеры
  Ноутбуки
  Компьютеры и мониторы
  Комплектующие
  Клавиатуры и мыши
  Принтеры и картриджи
  Сетевое оборудование
Бытовая техника
  Для кухни
  Для уборки
  Для стирки и глажки
  Для красоты и здоровья
  Климатическая техника
Дом и дача
  20019 Хозяйственные товары
  20020 Посуда и товары для кухни
  20024 Интерьер и декор
  20027 Дача и сад
  Мебель
  Постельное бельё и текстиль
  Освещение
  Бытовая химия
  Уборка
  Хранение вещей
  Семена и рассада
  Садовый инструмент
  Комнатные растения
Строительство и ремонт
  20101 Строительные материалы
  Инструменты
    Ручной инструмент
    Электроинструмент
    Измерительный инструмент
    Расходные материалы и оснастка
  Сантехника
  Электрика
  Краски, лаки, растворители
  Обои и напольные покрытия
  Двери и фурнитура
  Крепёж
Хобби и отдых
  20029 Книги и журналы
  20030 Рукоделие и творчество
  20036 Сувениры и цветы
  Спортивные товары
  Велосипеды и самокаты
  Рыбалка и охота
  Туризм и походы
  Музыкальные инструменты
  Настольные игры
  Коллекционирование
  Товары для праздника
  Букеты и композиции
  Канцелярские товары
Детские товары
  20068 Игрушки и игры
  Коляски и автокресла
  Детская мебель
  Детское питание
  Подгузники и гигиена
  Товары для школы
  Товары для мам
Красота и здоровье
  20086 Макияж
  20093 Парфюмерия
  Уход за лицом
  Уход за телом
  Уход за волосами
  Маникюр и педикюр
  Средства для бритья
  Гигиена полости рта
  Косметические аксессуары
  Мыло и гели для душа
  Товары для здоровья
  Оптика
Животные
  20107 Для собак
  Для кошек
  Для грызунов
  Для птиц
  Для рыб и рептилий
  Корма
    Сухой корм
    Влажный корм
    Лакомства
  Наполнители и туалеты
  Ветеринарные товары
Продукты питания
  20055 Бакалея
  20056 Мясо и птица
  20057 Рыба и морепродукты
  20058 Овощи, фрукты, зелень
  20060 Молочные продукты и яйца
  20063 Еда на заказ
  20064 Напитки
  20180 Замороженные продукты
  Хлеб и выпечка
  Торты и десерты
  Конфеты и шоколад
  Чай
  Кофе и какао
  Сыры
  Колбасы и деликатесы
  Консервы
  Соусы и специи
  Масла
  Орехи и сухофрукты
  Мёд и варенье
  Снеки
  Детские сладости
  Здоровое питание
Транспорт
  Автохимия и масла
  Шины и диски
  Запчасти
  Автоэлектроника
  Аксессуары для салона
  Мототовары
Оборудование для бизнеса
  Торговое оборудование
  Упаковка
  Кассы и весы
  Для кафе и ресторанов
Услуги
  Ремонт и обслуживание
  Красота
  Обучение
  Фото и видео
  Доставка
"""


@dataclass(frozen=True, slots=True)
class Node:
    id: int
    name: str
    children: list["Node"] = field(default_factory=list)

    def leaves(self) -> Iterator["Node"]:
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


def _grown() -> list[Node]:
    """Lines of the text, each below the one that is indented less."""
    lines = [(len(line) - len(line.lstrip()), line.split(maxsplit=1)) for line in TREE.strip().splitlines()]
    numbers = {int(words[0]) for _, words in lines if words[0].isdigit()}
    sections, leaves = count(SECTIONS_FROM), (number for number in count(LEAVES_FROM) if number not in numbers)
    roots: list[Node] = []
    above: list[list[Node]] = [roots]
    for indent, words in lines:
        depth = indent // 2
        if words[0].isdigit():
            node = Node(int(words[0]), words[1])
        else:
            node = Node(next(leaves if depth else sections), " ".join(words))
        above[depth].append(node)
        above[depth + 1 :] = [node.children]
    return roots


SECTIONS = _grown()
NAMES = {OTHER: "Другое", **{leaf.id: leaf.name for section in SECTIONS for leaf in section.leaves()}}
"""Of everything that may be an item's category."""


def get_categories(call: Call) -> Json:
    if "group_id" in call.values:
        call.editable_club(call.values["group_id"])
    removed = call.world.vk.settings.removed_categories
    view = {"type": "tab_root", "selected": False, "root_path": []}
    return {"items": [{**_branch(section, removed), "view": view} for section in SECTIONS]}


def _branch(node: Node, removed: list[int]) -> Json:
    below = [_branch(child, removed) for child in node.children if child.id not in removed]
    return {"id": node.id, "name": node.name, **({"children": below} if below else {})}


def filter_categories(call: Call) -> Json:
    query, wanted = call.get("query", "").casefold(), call.get("category_id")
    removed = call.world.vk.settings.removed_categories
    found = [
        {"id": key, "name": name}
        for key, name in NAMES.items()
        if query in name.casefold() and wanted in {None, 0, key} and key not in removed
    ]
    return {"items": found[: call.values["count"]]}
