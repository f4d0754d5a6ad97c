"""Tokens of VK ID are renewed in time, once, and never at the cost of the connection."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clients.http import Response, TransportError
from app.db import db
from app.models import ConnectionState, RunStatus, VkConnection
from app.services.connections import vk
from app.services.vendors.vk_renewal import rest
from tests.support.sandbox import CLUB, Sandbox
from tests.support.shop import Shop
from tests.support.vk_id import keys_of, renewals


def stored() -> VkConnection:
    db.session.remove()
    return db.session.scalars(sa.select(VkConnection)).one()


def test_a_fresh_token_is_left_alone(signed_in: Shop, sandbox: Sandbox) -> None:
    assert signed_in.run().status == RunStatus.SUCCEEDED
    assert renewals(sandbox) == []


def test_before_its_hour_is_over_a_run_renews_it(signed_in: Shop, sandbox: Sandbox) -> None:
    before = stored()
    signed_in.clock.move(minutes=51)

    assert signed_in.run().status == RunStatus.SUCCEEDED

    after = stored()
    assert len(renewals(sandbox)) == 1 and after.renewals == 1
    assert (after.token, after.refresh_token) != (before.token, before.refresh_token)
    assert after.state == ConnectionState.OK and after.expires_at is not None and after.renewing_until is None


def test_a_token_of_a_short_life_is_renewed_in_its_last_quarter_alone(signed_in: Shop, sandbox: Sandbox) -> None:
    short_lived(signed_in)

    for minutes, expected in ((0, 0), (4, 1), (0, 1), (4, 2)):
        signed_in.clock.move(minutes=minutes)
        assert signed_in.run().status == RunStatus.SUCCEEDED
        assert len(renewals(sandbox)) == expected


def short_lived(shop: Shop) -> None:
    """VK gives tokens for five minutes."""

    def hook(call: Callable[[], Response]) -> Response:
        answer = call()
        told = json.loads(answer.body) | {"expires_in": 300}
        return replace(answer, body=json.dumps(told).encode())

    shop.on_call("/oauth2/auth", hook, times=10)
    keys = keys_of(shop.sandbox)
    vk.connect_with(shop.owner, replace(keys, expires_at=shop.clock.utcnow() + timedelta(minutes=5)), CLUB)
    db.session.commit()


def test_one_that_vk_takes_no_more_is_renewed_at_once_however_short_its_life(signed_in: Shop, sandbox: Sandbox) -> None:
    short_lived(signed_in)
    token = stored().token
    signed_in.on_call("/market.add", revoked(signed_in, token))
    signed_in.on_call("/execute", revoked(signed_in, token))

    outcome = signed_in.run()

    assert (outcome.status, outcome.error) == (RunStatus.SUCCEEDED, None)
    assert len(renewals(sandbox)) == 1


def test_no_token_is_renewed_ahead_of_time_twice_a_minute(signed_in: Shop) -> None:
    now = signed_in.clock.utcnow()
    assert rest(now + timedelta(seconds=30)) == now + timedelta(minutes=1)


def test_in_the_middle_of_a_run_the_refused_call_is_repeated(signed_in: Shop, sandbox: Sandbox) -> None:
    """VK revoked it early; the run goes on with the new pair and vouches for the connection at its end."""
    token = stored().token
    signed_in.on_call("/market.add", revoked(signed_in, token))
    signed_in.on_call("/execute", revoked(signed_in, token))

    outcome = signed_in.run()

    assert (outcome.status, outcome.error) == (RunStatus.SUCCEEDED, None)
    assert len(signed_in.sandbox.visible(CLUB)) == 3
    assert len(renewals(sandbox)) == 1
    assert (stored().state, stored().renewals) == (ConnectionState.OK, 1)


def revoked(shop: Shop, token: str | None) -> Callable[[Callable[[], Response]], Response]:
    done: list[bool] = []

    def hook(call: Callable[[], Response]) -> Response:
        if not done and stored_token() == token:
            done.append(True)
            shop.sandbox.control("vk/tokens", value=token, revoke=True)
        return call()

    return hook


def stored_token() -> str | None:
    with db.engine.connect() as connection:
        return connection.scalar(sa.select(VkConnection.token))


def test_an_hour_that_ends_in_the_middle_of_a_run_is_no_end_of_it(signed_in: Shop, sandbox: Sandbox) -> None:
    def late(call: Callable[[], Response]) -> Response:
        signed_in.clock.move(minutes=55)
        return call()

    signed_in.on_call("/groups.getById", late)
    signed_in.on_call("/market.get", late)

    assert signed_in.run().status == RunStatus.SUCCEEDED
    assert len(renewals(sandbox)) == 1


def test_a_token_that_vk_refuses_again_asks_the_owner(signed_in: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vk", "auth")

    outcome = signed_in.run()

    assert (outcome.status, outcome.error) == (RunStatus.STOPPED, "vk_id_expired")
    assert len(renewals(sandbox)) == 1
    assert stored().state == ConnectionState.TOKEN_REJECTED


def test_a_dead_refresh_token_asks_the_owner_once_and_nobody_else_again(signed_in: Shop, sandbox: Sandbox) -> None:
    lose_pair(sandbox, stored())
    signed_in.clock.move(minutes=61)

    for _ in range(3):
        assert (signed_in.run().error, stored().error_code) == ("vk_id_expired", "vk_id_expired")

    assert stored().state == ConnectionState.TOKEN_REJECTED
    assert len(renewals(sandbox)) == 1


def lose_pair(sandbox: Sandbox, connection: VkConnection) -> None:
    """Somebody spends the refresh token, and what it gave never reaches us."""
    import requests

    form = {
        "grant_type": "refresh_token",
        "client_id": "51000777",
        "refresh_token": connection.refresh_token,
        "device_id": connection.device_id,
    }
    assert "access_token" in requests.post(f"{sandbox.url}/oauth2/auth", data=form, timeout=10).json()
    sandbox.control("calls/reset")


@pytest.mark.parametrize("kind", ["http_502", "garbage", "drop_before", "server_error", "slow_down"])
def test_while_vk_id_is_down_a_run_goes_on_as_long_as_the_token_lives(
    signed_in: Shop, sandbox: Sandbox, kind: str
) -> None:
    sandbox.fault("vkid", kind, "auth")
    signed_in.clock.move(minutes=52)

    assert signed_in.run().status == RunStatus.SUCCEEDED
    assert len(renewals(sandbox)) == 1, "it is left alone after that"
    assert stored().state == ConnectionState.OK


def test_then_it_is_put_off_and_is_not_the_owners_problem(signed_in: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vkid", "temporarily_unavailable", "auth")
    signed_in.clock.move(minutes=61)

    outcome = signed_in.run()
    again = signed_in.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "vk_id_unreachable")
    assert (again.status, again.error) == (RunStatus.CONTINUED, "vk_id_unreachable")
    assert len(renewals(sandbox)) == 1, "not asked again before the hold is over"
    assert stored().state == ConnectionState.OK

    sandbox.clear_faults()
    signed_in.clock.move(minutes=2)
    assert signed_in.run().status == RunStatus.SUCCEEDED


def test_an_answer_that_got_lost_is_asked_for_once_more_and_then_the_owner(signed_in: Shop, sandbox: Sandbox) -> None:
    sandbox.fault("vkid", "drop_after", "auth", times=1)
    signed_in.clock.move(minutes=61)

    assert signed_in.run().error == "vk_id_unreachable"
    signed_in.clock.move(minutes=2)
    assert signed_in.run().error == "vk_id_expired"
    signed_in.clock.move(hours=2)
    assert signed_in.run().error == "vk_id_expired"

    assert len(renewals(sandbox)) == 2


def test_without_a_new_refresh_token_the_old_one_is_kept(signed_in: Shop, sandbox: Sandbox) -> None:
    refresh_token = stored().refresh_token
    sandbox.fault("vkid", "no_refresh_token", "auth", times=1)
    for _ in range(2):
        signed_in.clock.move(minutes=55)
        assert signed_in.run().status == RunStatus.SUCCEEDED

    assert len(renewals(sandbox)) == 2
    assert stored().refresh_token != refresh_token, "the second answer has one"


def test_a_page_renews_as_well(signed_in: Shop, sandbox: Sandbox) -> None:
    signed_in.clock.move(hours=3)

    assert vk.check_vk(signed_in.owner) is ConnectionState.OK
    db.session.commit()
    assert len(renewals(sandbox)) == 1


def test_a_sign_in_meanwhile_wins_over_a_renewal(signed_in: Shop, sandbox: Sandbox) -> None:
    fresh: list[Any] = []

    def meanwhile(call: Callable[[], Response]) -> Response:
        answer = call()
        keys = keys_of(sandbox)
        fresh.append(keys.token)
        token = {"token": keys.token, "refresh_token": keys.refresh_token, "device_id": keys.device_id}
        with db.engine.begin() as connection:
            connection.execute(sa.update(VkConnection).values(number=VkConnection.number + 1, renewals=0, **token))
        return answer

    signed_in.clock.move(minutes=61)
    signed_in.on_call("/oauth2/auth", meanwhile)

    outcome = signed_in.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "changed_meanwhile")
    assert (stored().token, stored().state) == (fresh[0], ConnectionState.OK)


def test_while_another_process_is_at_it_its_pair_is_waited_for(signed_in: Shop, sandbox: Sandbox) -> None:
    signed_in.clock.move(minutes=61)
    claim(signed_in)
    outcome = signed_in.run()

    assert (outcome.status, outcome.error) == (RunStatus.CONTINUED, "vk_id_unreachable")
    assert renewals(sandbox) == []


def claim(shop: Shop) -> None:
    """As of a process that died with it."""
    with db.engine.begin() as connection:
        until = shop.clock.utcnow() + timedelta(seconds=44)
        connection.execute(sa.update(VkConnection).values(renewing_until=until))


def test_the_claim_of_a_dead_process_ends(signed_in: Shop, sandbox: Sandbox) -> None:
    signed_in.clock.move(minutes=61)
    claim(signed_in)
    signed_in.clock.move(seconds=45)

    assert signed_in.run().status == RunStatus.SUCCEEDED
    assert len(renewals(sandbox)) == 1


def test_no_transaction_is_open_while_vk_id_answers(signed_in: Shop) -> None:
    open_ones: list[int] = []

    def look(call: Callable[[], Response]) -> Response:
        open_ones.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]  # both pools have it
        return call()

    signed_in.clock.move(minutes=61)
    signed_in.on_call("/oauth2/auth", look)
    signed_in.run()

    assert open_ones == [0]


def test_a_lost_connection_to_vk_id_says_nothing_of_tokens(signed_in: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    before = stored()

    def lost(_call: Callable[[], Response]) -> Response:
        raise TransportError("timeout", sent=True)

    signed_in.clock.move(minutes=61)
    signed_in.on_call("/oauth2/auth", lost)
    signed_in.run()

    told = "".join(capsys.readouterr())
    secrets = (before.token, before.refresh_token, before.device_id)
    assert "vk_id_unreachable" in told and not any(str(secret) in told for secret in secrets)
