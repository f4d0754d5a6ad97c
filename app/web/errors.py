"""Exceptions as pages. Those for our own faults ask the database for nothing."""

from datetime import timedelta
from math import ceil
from typing import NamedTuple

import structlog
from flask import Flask, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.db import reading
from app.services.errors import ServiceError
from app.web import limits
from app.web.access import READS, is_htmx, is_open_to_visitor, local_path
from app.web.formatting import span
from app.web.forms import show_again
from app.web.messages import message

log = structlog.get_logger()


class ErrorPage(NamedTuple):
    heading: str
    text: str


PAGES = {
    400: ErrorPage("Запрос не понят", "Вернитесь на предыдущую страницу, обновите её и попробуйте ещё раз."),
    403: ErrorPage("Нет доступа", "Эта страница вам недоступна. Если так быть не должно, войдите под другим адресом."),
    404: ErrorPage("Страница не найдена", "Её нет, или она не ваша. Проверьте адрес или начните с главной."),
    405: ErrorPage("Так эту страницу не открыть", "Вернитесь назад и нажмите нужную кнопку на странице."),
    413: ErrorPage("Слишком много данных", "Отправьте меньше за один раз: меньше строк или фото до 15 МБ."),
    415: ErrorPage("Запрос не понят", "Так формы не отправляют. Откройте страницу в браузере и нажмите кнопку на ней."),
    429: ErrorPage("Слишком часто", "Подождите несколько минут и попробуйте снова."),
    500: ErrorPage("Ошибка на нашей стороне", "Мы её записали. Подождите минуту и попробуйте ещё раз."),
    503: ErrorPage("Сервис временно недоступен", "База данных не отвечает. Подождите минуту и обновите страницу."),
}
STALE_FORM = ErrorPage("Форма устарела", "Вернитесь назад, обновите страницу и отправьте форму ещё раз.")


def init_app(app: Flask) -> None:
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(RateLimitExceeded, _too_often)
    app.register_error_handler(ServiceError, _refused)
    app.register_error_handler(OperationalError, _no_database)
    app.register_error_handler(PoolTimeout, _no_database)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.get_response()
    if error.code == 404 and (plain := _without_slash()):
        return redirect(plain, 308)
    status = error.code or 500
    page = PAGES.get(status) or ErrorPage(PAGES[400 if status < 500 else 500].heading, PAGES[400].text)
    headers = [(name, value) for name, value in error.get_headers() if name in ("Allow", "Retry-After")]
    return _page(page, status), status, [*headers, *_reload()]


def _without_slash() -> str | None:
    """The page that was meant by an address with a slash too many at its end."""
    path = request.path.rstrip("/")
    if path in ("", request.path) or request.method not in READS:
        return None
    try:
        endpoint, values = current_app.create_url_adapter(request).match(path, "GET")  # type: ignore[union-attr]
    except (HTTPException, RequestRedirect):
        return None
    if endpoint == "static":
        return None
    question = request.query_string.decode("ascii", "ignore")
    return url_for(endpoint, **values) + (f"?{question}" if question else "")


def _stale_form(error: CSRFError) -> ResponseReturnValue:
    log.warning("csrf_refused", reason=error.description, endpoint=request.endpoint, address=request.remote_addr)
    return _form_again() or (_page(STALE_FORM, 400, back=local_path(request.referrer)), 400, _reload())


def _form_again() -> Response | None:
    """The form's own page with what was typed, where it has one: opened as by GET, so that nothing can change by it."""
    if is_htmx() or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return None
    try:
        endpoint, values = current_app.create_url_adapter(request).match(method="GET")  # type: ignore[union-attr]
        if not is_open_to_visitor(endpoint):
            return None
        request.method = "GET"
        show_again()
        with reading():
            answer = make_response(current_app.view_functions[endpoint](**values))
    except (HTTPException, SQLAlchemyError):
        return None
    if answer.status_code != 200:
        return None
    answer.status_code = 400
    return answer


def _too_often(error: RateLimitExceeded) -> ResponseReturnValue:
    seconds = limits.seconds_left(error)
    shown = timedelta(seconds=seconds if seconds < 60 else ceil(seconds / 60) * 60)
    text = f"Вы делаете это слишком часто. Попробуйте снова через {span(shown)}."
    answer = _page(ErrorPage(PAGES[429].heading, text), 429)
    if reload := _reload():
        flash(text, "warning")  # for the page that htmx loads next, not for this one
    return answer, 429, [("Retry-After", str(seconds)), *reload]


def _reload() -> list[tuple[str, str]]:
    """htmx shows no error pages; the page loaded anew tells how things stand."""
    return [("HX-Refresh", "true")] if is_htmx() and request.method == "POST" else []


def _refused(error: ServiceError) -> ResponseReturnValue:
    """A refusal that no view expected: told where the visitor came from, after a redirect."""
    flash(message(error.code), "danger")
    return redirect(url_for("sync.show"))


def _no_database(error: OperationalError | PoolTimeout) -> ResponseReturnValue:
    log.error("database_unreachable", path=request.path, error=type(getattr(error, "orig", error)).__name__)
    return _page(PAGES[503], 503), 503


def bad_request(text: str) -> ResponseReturnValue:
    """For a form that no page of ours sends: says what is wrong with it."""
    return _page(ErrorPage(PAGES[400].heading, text), 400), 400


def export_under_way() -> ResponseReturnValue:
    return _try_later("Таблица уже скачивается", "Дождитесь, пока она скачается, и попробуйте снова через минуту.")


def too_many_exports() -> ResponseReturnValue:
    return _try_later("Таблиц готовится слишком много", "Подождите минуту и скачайте свою ещё раз.")


def _try_later(heading: str, text: str) -> ResponseReturnValue:
    return _page(ErrorPage(heading, text), 429), 429, [("Retry-After", "60")]


def not_in_catalog() -> ResponseReturnValue:
    """For a rule about something that is gone since the page was opened."""
    return _page(ErrorPage("Нет в каталоге", message("unknown_entity")), 404), 404, _reload()


def _page(page: ErrorPage, status: int, back: str | None = None) -> str:
    """For faults of ours, and where the page around needs what failed, without context processors: the visitor is not
    looked up in whatever state the database is."""
    facts: dict[str, object] = {"heading": page.heading, "text": page.text, "status": status, "back": back}
    if status < 500:
        try:
            return render_template("errors/error.html", parent="layout.html", **facts)
        except Exception as error:  # whatever it was, the visitor is told what they came for
            log.error("error_page_failed", error=type(error).__name__)
    return current_app.jinja_env.get_template("errors/error.html").render(parent="base.html", **facts)
