"""What is typed blindly can be looked at, with the mouse and with the keyboard alone."""

from playwright.sync_api import Page, expect

from tests.e2e.pages import SignIn


def test_a_password_is_shown_and_hidden_again(window: Page) -> None:
    page = SignIn.open(window)
    field = window.get_by_label("Пароль")
    field.fill("correct horse")
    page.button("Показать пароль").click()
    expect(field).to_have_attribute("type", "text")
    expect(window.get_by_role("status")).to_have_text("Пароль виден")
    page.button("Скрыть пароль").press("Enter")

    expect(field).to_have_attribute("type", "password")
    expect(field).to_have_value("correct horse")
