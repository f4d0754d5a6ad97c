"""The demo shop: an owner, both connections and a few rules. Talks to whatever the base URLs in the settings name."""

import json
from collections import Counter

import click
from flask.cli import with_appcontext

from app.cli.command import CommandError, ExitCode, OneLineGroup, user_or_exit, with_database
from app.cli.sync import outcome_json
from app.context import settings
from app.db import db
from app.domain.market.items import Availability
from app.domain.planning.selection import StoreGoods
from app.domain.rules import EntityType, FilterMode
from app.models import User
from app.services.accounts import users
from app.services.catalog.load import load_goods
from app.services.connections import evotor, vk
from app.services.errors import ServiceError
from app.services.owner import configuration_json, rule_setting, switch
from app.services.planning import approvals, confirming, plans
from app.services.vendors.clients import vk_client
from app.services.vendors.connection_use import vk_use
from app.tasks.sync import run_one

EMAIL = "demo@example.ru"
PASSWORD = "evosync-demo"  # noqa: S105 - the demo's public password
LARGE = 2000
"""A catalog of more products than this gets an include rule for some groups, so that a first run takes minutes."""


@click.group(cls=OneLineGroup)
@with_appcontext
def demo() -> None:
    """Everything for a first look; refused in production, for its password is public."""
    if settings().is_production:
        raise CommandError("the demo is not for production: its password is public", ExitCode.FAILED)


@demo.command()
@click.option("--evotor-token", required=True)
@click.option("--vk-token", required=True)
@click.option("--group-id", type=int, required=True)
@with_database
def seed(evotor_token: str, vk_token: str, group_id: int) -> None:
    """Make the demo owner with both connections and a few rules."""
    user = users.register(EMAIL, PASSWORD)
    db.session.commit()
    try:
        evotor.connect_evotor(user, evotor_token)
        vk.connect_vk(user, vk_token, group_id)
    except ServiceError as error:
        raise CommandError(f"not connected: {error.code}", ExitCode.FAILED) from None
    stores = load_goods(user.id, texts=False)
    largest = max(stores, key=lambda goods: len(goods.products))
    rule_setting.set_rules(user, EntityType.STORE, [largest.store.id], FilterMode.INCLUDE)
    for mode, group_ids in _group_rules(largest).items():
        rule_setting.set_rules(user, EntityType.GROUP, group_ids, mode)
    switch.toggle(user, True)
    db.session.commit()


def _group_rules(goods: StoreGoods) -> dict[FilterMode, list[str]]:
    """In a small shop one nested group is left out; of a large one only enough top groups are taken."""
    sizes: Counter[str] = Counter()
    for product in goods.products:
        sizes.update(goods.tree.lineage(product.group_id))
    nested = sorted(group for group in sizes if goods.tree.groups[group].parent_id in goods.tree.groups)
    if len(goods.products) <= LARGE:
        return {FilterMode.EXCLUDE: nested[:1]}
    chosen: list[str] = []
    for group in sorted(sizes.keys() - set(nested), key=lambda group: (-sizes[group], group)):
        if sum(sizes[one] for one in chosen) + sizes[group] <= LARGE * 3 // 2:
            chosen.append(group)
    inside = [group for group in nested if goods.tree.lineage(group)[-1] in chosen]
    return {FilterMode.INCLUDE: chosen, FilterMode.EXCLUDE: inside[:1]}


@demo.command()
@with_database
def once() -> None:
    """Confirm, run, and check that the market holds exactly the selection."""
    user = user_or_exit(EMAIL)
    made = plans.plan_for(user)
    plan = plans.as_json(made, approvals.check_brakes(user, made))
    _show("plan", {key: plan[key] for key in ("counts", "skipped", "needs_approval", "fingerprint")})
    confirming.confirm(user)
    db.session.commit()
    outcome = run_one(user)
    _show("run", outcome_json(outcome))
    _show("config", configuration_json.configuration_json(user.id) or {})
    problems = differences(user)
    visible = _visible_count(user)
    _show("market", {"visible": visible, "equals_selection": not problems})
    for problem in problems[:20]:
        click.echo(problem, err=True)
    if problems or not outcome.succeeded:
        raise CommandError("the market does not hold exactly the selection", ExitCode.FAILED)
    click.echo(f"Done: {visible} products in the VK market, exactly those that were chosen.")


def _show(title: str, value: dict[str, object]) -> None:
    click.echo(f"{title}: {json.dumps(value, ensure_ascii=False, indent=2)}")


def _visible(user: User) -> dict[str, list[tuple[str, str]]]:
    """sku → (title, price) of every visible item of ours, as VK tells it."""
    use = vk_use(user)
    assert use is not None
    seen: dict[str, list[tuple[str, str]]] = {}
    with vk_client(use) as client:
        items = client.market(use.group_id)
    for item in items:
        if item.sku.startswith("ev:") and item.availability is Availability.AVAILABLE:
            seen.setdefault(item.sku, []).append((item.title, f"{item.price:.2f}" if item.price is not None else ""))
    return seen


def _visible_count(user: User) -> int:
    return sum(len(items) for items in _visible(user).values())


def differences(user: User) -> list[str]:
    """What the market lacks, has too much of, or shows otherwise than the selection says."""
    desired = plans.desired_for(user)
    expected = {
        f"ev:{key.product_id}": (str(wanted.fields["name"]), str(wanted.fields["price"]))
        for key, wanted in desired.wanted.items()
        if not wanted.is_hidden and key not in desired.sold_out
    }
    seen = _visible(user)
    missing = [f"missing: {sku} {what}" for sku, what in expected.items() if sku not in seen]
    twice = [f"twice: {sku}" for sku, items in seen.items() if len(items) > 1]
    foreign = [f"not selected: {sku} {items}" for sku, items in seen.items() if sku not in expected]
    differ = [
        f"differs: {sku} {seen[sku]} {what}" for sku, what in expected.items() if sku in seen and what not in seen[sku]
    ]
    return missing + twice + foreign + differ
