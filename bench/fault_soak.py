"""The long fault soak; a short one is among the tests."""

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from flask_migrate import upgrade

from app import create_app
from app.db import db
from bench.speed.figures import counting
from tests.conftest import settings_for
from tests.support.database import drop_postgres, make_postgres
from tests.support.sandbox import CLUB, EXTENDED_CLUB, Sandbox
from tests.support.shop import Shop
from tests.support.soak import Report, Soak


def main() -> int:
    options = _options()
    began = time.monotonic()
    with _shop(extended=options.extended, on_postgresql=options.postgresql) as shop:
        soak = Soak(
            shop,
            goods=options.goods,
            seed=options.seed,
            probability=options.probability,
            kinds=options.kinds,
            lag=options.lag,
        )
        with counting("calls", options.calls) as on_run:
            report = soak.run_until(options.calls, on_run)
    _show(report, time.monotonic() - began)
    return int(not report.is_clean)


@contextmanager
def _shop(*, extended: bool, on_postgresql: bool) -> Iterator[Shop]:
    sandbox = Sandbox()
    name = f"evosync_soak_{os.getpid()}"
    try:
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
            url = make_postgres(name) if on_postgresql else f"sqlite:///{Path(folder) / 'evosync.db'}"
            more = {"vk_requests_per_second": 1e9, "evotor_requests_per_second": 1e9, "photo_dir": f"{folder}/photos"}
            app = create_app(settings_for(url, sandbox, **more))
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
            with app.app_context():
                upgrade()
                yield Shop(sandbox, monkeypatch, EXTENDED_CLUB if extended else CLUB)
                db.session.remove()
                db.engine.dispose()
    finally:
        sandbox.stop()
        if on_postgresql:
            drop_postgres(name)


def _show(report: Report, seconds: float) -> None:
    for kind in ("twice", "lost", "wrong", "foreign"):
        for one in sorted(getattr(report, kind)):
            print(f"{kind}: {one}", file=sys.stderr)
    print(f"runs {sum(report.runs.values())} {json.dumps(dict(report.runs.most_common()))}")
    print(f"faults {sum(report.faults.values())} {json.dumps(dict(sorted(report.faults.items())))}")
    print(
        f"calls {report.calls}, rounds with changes {report.rounds_with_changes}, "
        f"runs to converge {report.runs_to_converge}, duplicates {len(report.twice)}, lost {len(report.lost)}, "
        f"wrong {len(report.wrong)}, foreign touched {len(report.foreign)}, seconds {seconds:.0f}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/fault_soak", description=__doc__)
    parser.add_argument("--calls", type=int, default=5000, help="of both services, while they fail")
    parser.add_argument("--probability", type=float, default=0.15, help="that a call meets a fault")
    parser.add_argument("--goods", type=int, default=300, help="at the register in the beginning")
    parser.add_argument("--kinds", nargs="*", default=[], help="of faults, as the sandbox's control names them; all")
    parser.add_argument("--lag", type=float, default=0.5, help="seconds, below 1: by how much lists trail a write")
    parser.add_argument("--extended", action="store_true", help="in a community whose shop keeps stock")
    parser.add_argument("--postgresql", action="store_true", help="on the server that the tests use, not on SQLite")
    parser.add_argument("--seed", type=int, default=1, help="of the faults and of the changes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
