"""The history of runs, and one run with its progress and its changes."""

from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import db
from app.domain.paging import fetch_page
from app.domain.planning.changes import Action
from app.models import EntryOutcome, RunStatus, SyncRun
from app.models.run import ACTIVE
from app.services.errors import NotReady
from app.services.owner import orders, run_requests, shop_window
from app.services.pages.goods.names import names_of
from app.services.pages.sync.next_run import is_between, next_run_at
from app.services.pages.sync.overview import SyncOverview
from app.services.planning.pending import pending_plan
from app.services.runs import history as runs_history
from app.services.runs import quiet, records
from app.services.runs.history import EntryQuery, HistoryQuery, Show
from app.web.access import commit_on_success, is_htmx, local_path, owned_or_404, owner
from app.web.address import requested_choice, requested_page, requested_words
from app.web.change_rows import entry_rows, item_address
from app.web.formatting import user_zone
from app.web.forms import ActionForm, sent
from app.web.sync import blueprint, notices, run_summary
from app.web.sync.chart import chart_of
from app.web.sync.progress import progress_of

RUNS_A_PAGE = 25
ROWS_A_PAGE = 100
YEARS = range(2000, 2100)


@blueprint.get("/sync/runs")
def history() -> str:
    user = owner()
    query = HistoryQuery(user_zone(), requested_choice(Show, "show") or Show.EVENTS, _requested_day())
    latest = records.latest(user.id)
    page = fetch_page(
        lambda offset, limit: runs_history.timeline(user.id, query, offset, limit), requested_page(), RUNS_A_PAGE
    )
    return render_template(
        "sync/runs.html",
        query=query,
        page=page,
        params={"show": query.show or None, "day": query.day},
        chart=chart_of(runs_history.last_days(user.id, query.zone)),
        day_counts=runs_history.counts_within(user.id, query) if query.day else None,
        latest=latest,
        waits=latest is not None and latest.status == RunStatus.NEEDS_APPROVAL and pending_plan(user).needs_approval,
        words=run_summary,
    )


def _requested_day() -> date | None:
    try:
        day = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return None
    return day if day.year in YEARS else None


@blueprint.get("/sync/runs/<int:run_id>")
def run(run_id: int) -> ResponseReturnValue:
    is_part = is_htmx() and request.headers.get("HX-Target") != "main"
    gone = _without_row(run_id)
    if gone is not None and not is_part and not quiet.is_last(owner().sync_state, run_id):
        flash(*notices.NO_ROW)
        return redirect(url_for(".history"))
    found = gone or owned_or_404(SyncRun, run_id)
    if is_part:
        return _progress(found)
    user, latest = owner(), records.latest(found.user_id)
    query = EntryQuery(
        requested_choice(EntryOutcome, "outcome"),
        requested_choice(Action, "action"),
        requested_words(),
    )
    page = fetch_page(
        lambda offset, limit: runs_history.entries(run_id, query, offset, limit), requested_page(), ROWS_A_PAGE
    )
    rows = entry_rows(page.items, runs_history.communities_of(user.id, page.items))
    return render_template(
        "sync/run.html",
        run=found,
        query=query,
        counts=runs_history.counts_of(found),
        page=page,
        params={"run_id": run_id, "outcome": query.outcome, "action": query.action, "q": query.q or None},
        rows=rows,
        in_catalog=names_of(user.id, [row.key for row in rows if row.key]).products,
        item_address=item_address,
        waits=found is latest and found.status == RunStatus.NEEDS_APPROVAL and pending_plan(user).needs_approval,
        goes_on=_goes_on(found),
        undoable=0 if shop_window.order_of(user) else orders.undoable(user, found),
        words=run_summary,
    )


def _without_row(run_id: int) -> SyncRun | None:
    """It found nothing to do and left no row, perhaps while somebody watched."""
    gone = quiet.row_that_went(owner().sync_state, run_id)
    return gone if gone is not None and db.session.get(SyncRun, run_id) is None else None


def _progress(found: SyncRun) -> str:
    """What a page asks for while the run goes on; once it stands otherwise, the whole page is brought up to date."""
    goes_on = _goes_on(found)
    now = progress_of(found, goes_on)
    is_as_drawn = now.is_going and request.args.get("drawn", found.status) == found.status
    page = local_path(request.headers.get("HX-Current-URL")) or url_for(".run", run_id=found.id)
    return render_template(
        "sync/_progress.html",
        run=found,
        now=now,
        has_news=now.told != request.args.get("told"),
        page=None if is_as_drawn else page,
        sync=SyncOverview(owner()) if is_as_drawn and _is_beside_counts(found, page) else None,
    )


def _is_beside_counts(found: SyncRun, page: str) -> bool:
    """The page counts what stands in VK, which changes with every step of the run."""
    evotor = owner().evotor
    has_counts = page.partition("?")[0] == url_for(".show") and evotor is not None and evotor.is_connected
    return has_counts and found.status == RunStatus.RUNNING


def _goes_on(found: SyncRun) -> bool:
    """It is the last one, and left the rest to another that comes at once."""
    return found is records.latest(found.user_id) and is_between(found, next_run_at(owner()))


@blueprint.post("/sync/runs/<int:run_id>/stop")
@commit_on_success
def stop(run_id: int) -> ResponseReturnValue:
    sent(ActionForm)
    found = _without_row(run_id) or owned_or_404(SyncRun, run_id)
    flash(*notices.STOPPING.get(found.status, notices.ENDED_ALREADY))
    if found.status in ACTIVE:
        run_requests.stop_run(owner())
    return redirect(url_for(".run", run_id=run_id))


@blueprint.post("/sync/runs/<int:run_id>/undo")
@commit_on_success
def undo(run_id: int) -> ResponseReturnValue:
    sent(ActionForm)
    found = owned_or_404(SyncRun, run_id)
    try:
        flash(*notices.undoing(orders.undo(owner(), found)))
    except NotReady as error:
        flash(*notices.not_ordered(error.code, "Ничего не возвращено."))
    return redirect(url_for(".show"))
