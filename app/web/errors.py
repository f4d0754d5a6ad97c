"""Exceptions as pages. Those for our own faults ask the database for nothing."""

from datetime import timedelta
from math import ceil
from typing import NamedTuple, cast

from flask import Flask, Response, current_app, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import MapAdapter, RequestRedirect

from app.db import is_contention
from app.logs import get_logger
from app.services.errors import ServiceError
from app.web.access import is_htmx, is_open_to_visitor, local_path, stays_as_it_is
from app.web.address import question_of_page
from app.web.asking import StillGood
from app.web.doors import limits
from app.web.doors.seats import TooManyPages
from app.web.formatting import span
from app.web.forms import showing_again
from app.web.messages import message
from app.web.webhooks import refusals

log = get_logger()


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
LEAD_BACK = (413, 429)
"""Refusals of what was pressed on a page that is still good."""
BUSY = ErrorPage("Сейчас не получилось", "Эти же данные меняет другой запрос. Подождите немного и попробуйте ещё раз.")
STALE_FORM = ErrorPage("Форма устарела", "Ничего не изменилось. Откройте страницу заново и отправьте форму ещё раз.")
SIGNED_OUT = ErrorPage("Вы вышли", "Поэтому ничего не изменилось. Войдите и отправьте форму ещё раз.")


def init_app(app: Flask) -> None:
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(RateLimitExceeded, _too_often)
    app.register_error_handler(ServiceError, _refused)
    app.register_error_handler(TooManyPages, try_later)
    app.register_error_handler(StillGood, try_later)
    app.register_error_handler(OperationalError, _no_database)
    app.register_error_handler(PoolTimeout, _no_database)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if refusals.is_meant_by(request.path):
        return refusals.plain(error)
    if error.response is not None:
        return error.get_response()
    if error.code == 404 and (plain := _without_slash()):
        return redirect(plain, 308)
    if error.code == 405 and (above := _page_above()):
        return redirect(above)
    status = error.code or 500
    page = PAGES.get(status) or ErrorPage(PAGES[400 if status < 500 else 500].heading, PAGES[400].text)
    headers = [(name, value) for name, value in error.get_headers() if name in ("Allow", "Retry-After")]
    return _page(page, status), status, [*headers, *_reload()]


def _without_slash() -> str | None:
    """The page that was meant by an address with a slash too many at its end."""
    path = request.path.rstrip("/")
    if path in ("", request.path):
        return None
    try:
        endpoint, values = _adapter().match(path, request.method)
    except MethodNotAllowed as error:  # a page that is to be opened otherwise says so itself
        endpoint, values = _adapter().match(path, next(iter(error.valid_methods or ("GET",))))
    except (HTTPException, RequestRedirect):
        return None
    if endpoint == "static":
        return None
    return url_for(endpoint, **values) + question_of_page()


def _page_above() -> str | None:
    """Where the form stands whose address was opened: loaded anew after a refusal, or found in the history."""
    path = request.path
    while request.method == "GET" and not is_htmx() and (path := path.rpartition("/")[0]):
        try:
            endpoint, values = _adapter().match(path, "GET")
        except (HTTPException, RequestRedirect):
            continue
        return url_for(endpoint, **values)
    return None


def _adapter() -> MapAdapter:
    return cast(MapAdapter, current_app.create_url_adapter(request))


def _stale_form(error: CSRFError) -> ResponseReturnValue:
    log.warning("csrf_refused", reason=error.description, endpoint=request.endpoint, address=request.remote_addr)
    came_from = local_path(request.referrer)
    if request.endpoint is not None and not is_open_to_visitor(request.endpoint):
        return _page(SIGNED_OUT, 400, back=url_for("auth.login", next=came_from), back_label="Войти"), 400, _reload()
    return _form_again() or (_page(STALE_FORM, 400, back=came_from), 400, _reload())


def _form_again() -> Response | None:
    """The form's own page with what was typed, where it has one: opened as by GET, so that nothing can change by it."""
    if is_htmx() or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return None
    try:
        endpoint, values = _adapter().match(method="GET")
        g.is_form_stale = True
        with showing_again():
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
    """htmx shows no error pages; the page loaded anew tells how things stand, unless somebody is typing in it."""
    return [("HX-Refresh", "true")] if is_htmx() and request.method == "POST" and not stays_as_it_is() else []


def _refused(error: ServiceError) -> ResponseReturnValue:
    """A refusal that no view expected: told on the main page."""
    flash(message(error.code), "danger")
    return redirect(url_for("sync.show"))


def _no_database(error: OperationalError | PoolTimeout) -> ResponseReturnValue:
    if is_contention(error):
        log.warning("database_busy", path=request.path, error=type(getattr(error, "orig", error)).__name__)
        return _page(BUSY, 503), 503, [("Retry-After", "5")]
    log.error("database_unreachable", path=request.path, error=type(getattr(error, "orig", error)).__name__)
    return _page(PAGES[503], 503), 503


def bad_request(text: str) -> ResponseReturnValue:
    """For a form that no page of ours sends: says what is wrong with it."""
    return _page(ErrorPage(PAGES[400].heading, text), 400), 400


def try_later(error: ServiceError) -> ResponseReturnValue:
    """A refusal of this minute, for what is no page to come back to."""
    return _page(ErrorPage(PAGES[429].heading, message(error.code)), 429), 429, [("Retry-After", "60")]


def not_in_catalog() -> ResponseReturnValue:
    """For a rule about something that is gone since the page was opened."""
    return _page(ErrorPage("Нет в каталоге", message("unknown_entity")), 404), 404, _reload()


def _page(page: ErrorPage, status: int, back: str | None = None, back_label: str = "Вернуться к форме") -> str:
    """For faults of ours, and where the page around needs what failed, without context processors: the visitor is not
    looked up in whatever state the database is."""
    if back is None and status in LEAD_BACK and (back := local_path(request.referrer)):
        back_label = "Вернуться"
    facts: dict[str, object] = {**page._asdict(), "status": status, "back": back, "back_label": back_label}
    if status < 500:
        try:
            return render_template("errors/error.html", parent="layout.html", **facts)
        except Exception as error:  # whatever it was, the visitor is told what they came for
            log.error("error_page_failed", error=type(error).__name__)
    return current_app.jinja_env.get_template("errors/error.html").render(parent="base.html", **facts)
