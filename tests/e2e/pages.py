"""The product's pages as their readers know them: by roles and words. A step returns the page on which it ends."""

import re
from typing import Self

from playwright.sync_api import Locator, Page, expect


class Screen:
    """A page of the product: `heading` is its h1, `path` its address."""

    heading: str | re.Pattern[str] = re.compile(r".+")
    path = "/"

    def __init__(self, page: Page) -> None:
        """Waits until the page is there."""
        self.page = page
        expect(page.get_by_role("heading", level=1)).to_have_text(self.heading)

    @classmethod
    def open(cls, page: Page) -> Self:
        page.goto(cls.path)
        return cls(page)

    @property
    def main(self) -> Locator:
        return self.page.get_by_role("main")

    def button(self, name: str) -> Locator:
        return self.main.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.main.get_by_role("link", name=name, exact=True)

    def shows(self, text: str | re.Pattern[str]) -> Self:
        expect(self.main).to_contain_text(text)
        return self

    def to(self, name: str) -> None:
        """By the navigation, which every page has."""
        self.page.get_by_role("navigation", name="Основная навигация").get_by_role("link", name=name).click()

    def to_sync(self) -> "SyncPage":
        self.to("Синхронизация")
        return SyncPage(self.page)

    def to_catalog(self) -> "CatalogPage":
        self.to("Каталог")
        return CatalogPage(self.page)

    def to_connections(self) -> "ConnectionsPage":
        self.to("Подключения")
        return ConnectionsPage(self.page)


class SignIn(Screen):
    heading, path = "Вход", "/login"

    def enter(self, email: str, password: str) -> "SyncPage":
        self.page.get_by_label("Электронная почта").fill(email)
        self.page.get_by_label("Пароль").fill(password)
        self.button("Войти").click()
        return SyncPage(self.page)

    def to_registration(self) -> "Registration":
        self.link("Зарегистрируйтесь").click()
        return Registration(self.page)


class Registration(Screen):
    heading, path = "Регистрация", "/register"

    def sign_up(self, email: str, password: str) -> "SyncPage":
        self.page.get_by_label("Электронная почта").fill(email)
        self.page.get_by_label("Пароль", exact=True).fill(password)
        self.page.get_by_label("Пароль ещё раз").fill(password)
        self.button("Зарегистрироваться").click()
        return SyncPage(self.page)


class ConnectionsPage(Screen):
    heading, path = "Подключения", "/connections"

    def to_evotor(self) -> "EvotorPage":
        self.main.get_by_role("link", name=re.compile("(Подключить|Настроить) Эвотор")).click()
        return EvotorPage(self.page)

    def to_vk(self) -> "VkPage":
        self.main.get_by_role("link", name=re.compile("(Подключить|Настроить) ВК")).click()
        return VkPage(self.page)


class EvotorPage(Screen):
    heading, path = "Эвотор", "/evotor"

    def connect(self, token: str) -> ConnectionsPage:
        self.page.get_by_label("Ключ доступа").fill(token)
        self.button("Проверить и подключить").click()
        return ConnectionsPage(self.page)

    def install(self, email: str, password: str) -> Self:
        """In the cabinet, which is a window of its own: a page of the sandbox."""
        with self.page.expect_popup() as opened:
            self.link("магазин приложений Эвотора").click()
        cabinet = opened.value
        cabinet.get_by_label("Почта в EvoSync").fill(email)
        cabinet.get_by_label("Пароль в EvoSync").fill(password)
        cabinet.get_by_role("button", name="Установить").click()
        expect(cabinet.get_by_role("status")).to_contain_text("Готово")
        cabinet.close()
        return self


class VkPage(Screen):
    heading, path = "ВКонтакте", "/vk"

    def connect(self, club: int, token: str) -> ConnectionsPage:
        self.page.get_by_label("Сообщество").fill(str(club))
        self.page.get_by_label("Ключ доступа").fill(token)
        self.main.get_by_role("button", name=re.compile("Проверить и (подключить|сохранить)")).click()
        return ConnectionsPage(self.page)

    def sign_in(self) -> "CommunityPage":
        """At VK ID: a page of the sandbox."""
        self.link("Войти через ВК").click()
        self.page.get_by_role("button", name="Разрешить").click()
        return CommunityPage(self.page)


class CommunityPage(Screen):
    heading, path = "Выбор сообщества", "/vk/community"

    def choose(self, name: str) -> ConnectionsPage:
        self.button(f"Выбрать «{name}»").click()
        return ConnectionsPage(self.page)


class RulePage(Screen):
    """Whatever has the controls of rules on it."""

    def rule(self, mode: str, name: str) -> Locator:
        return self.main.get_by_role("group", name=f"Фильтр: {name}", exact=True).get_by_role("button", name=mode)

    def set_rule(self, mode: str, name: str) -> Self:
        """Presses the button and waits until it shows that the rule holds."""
        self.rule(mode, name).click()
        expect(self.rule(mode, name)).to_have_attribute("aria-pressed", "true")
        return self


class CatalogPage(RulePage):
    heading, path = "Каталог", "/catalog"

    def to_store(self, name: str) -> "StorePage":
        self.link(name).click()
        return StorePage(self.page, name)


class StorePage(RulePage):
    def __init__(self, page: Page, name: str) -> None:
        self.heading = name
        super().__init__(page)

    @property
    def groups(self) -> Locator:
        return self.main.get_by_role("navigation", name="Группы товаров")

    def open_groups(self) -> Self:
        """On a phone they are folded."""
        if not self.groups.is_visible():
            self.main.locator("summary", has_text="Группы").click()
        expect(self.groups).to_be_visible()
        return self


class SyncPage(Screen):
    heading, path = "Синхронизация", "/sync"

    @property
    def switch(self) -> Locator:
        return self.main.get_by_role("switch", name="Синхронизация")

    def turn_on(self) -> Self:
        self.switch.click()
        expect(self.switch).to_be_checked()
        return self

    def to_filters(self) -> CatalogPage:
        self.link("Настроить фильтры").click()
        return CatalogPage(self.page)

    def to_plan(self) -> "PlanPage":
        self.main.get_by_role("link", name=re.compile("^Посмотреть, что изменится")).first.click()
        return PlanPage(self.page)

    def to_history(self) -> "HistoryPage":
        self.link("История обновлений").click()
        return HistoryPage(self.page)

    def confirm(self) -> Self:
        self.button("Подтвердить и запустить").click()
        return self.shows("Обновление поставлено в очередь")

    def run_now(self) -> Self:
        self.button("Обновить сейчас").click()
        return self.shows("Обновление поставлено в очередь")


class PlanPage(Screen):
    heading, path = "Что изменится", "/sync/plan"

    def section(self, name: str) -> Self:
        link = self.main.get_by_role("link", name=re.compile(rf"^{name}(\s|$)"))
        link.click()
        expect(link).to_have_attribute("aria-current", "true")
        return self

    def goods(self) -> list[str]:
        """Names in the open section."""
        return [name.strip() for name in self.main.locator("tbody .cell-name").all_inner_texts()]

    def approve(self) -> SyncPage:
        self.button("Одобрить").click()
        return SyncPage(self.page)


class HistoryPage(Screen):
    heading, path = "История обновлений", "/sync/runs"

    def to_last_run(self) -> "RunPage":
        self.main.locator("tbody").get_by_role("link").first.click()
        return RunPage(self.page)


class RunPage(Screen):
    heading = re.compile("^Обновление ")

    def undo(self) -> SyncPage:
        """Have shown again what this run hid."""
        self.main.get_by_text("Вернуть скрытое…", exact=True).click()
        self.button("Вернуть").click()
        return SyncPage(self.page)


class ShopWindow:
    """The community's goods as its buyers see them: a page of the sandbox."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        page.goto(address)

    def goods(self) -> set[str]:
        """Titles of what is on sale. A title that stands twice is an error of its own."""
        titles = self.page.locator("li:not(.out) h2").all_inner_texts()
        assert len(titles) == len(set(titles)), titles
        return set(titles)
