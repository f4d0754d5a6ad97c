"""Many small shops, all due, while a server goes away, workers are killed, clocks are wrong, a disk is full."""

import argparse
import logging
import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bench.harms.crew import Crew
from bench.harms.journal import interleaved, overlaps, second_servings
from bench.harms.overheard import told
from bench.harms.scenarios import SCENARIOS, Scenario
from bench.harms.small_disk import small_disk
from bench.harms.town import INTERVAL_MINUTES, Town, town
from bench.speed.figures import machine, show_table, tell
from bench.speed.options import end_on_sigterm

AFTER_SO_MANY = 5
"""Runs that have begun, before harm is done."""


@dataclass
class Report:
    name: str
    wrong: list[str] = field(default_factory=list)
    harm: float = 0.0
    """Seconds from the begin of the round until all was well again."""
    served: float = 0.0
    """Seconds from then until everybody was served."""
    interrupted: int = 0
    again: int = 0
    calm: float = 0.0
    """Seconds that the same work takes the same workers afterwards, with nothing in the way."""
    errors: dict[str, int] = field(default_factory=dict)


def main() -> int:
    options = _options()
    end_on_sigterm()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    reports = [one for name in options.names if (one := _tried(name, SCENARIOS[name], options)) is not None]
    _show(reports, options)
    for report in reports:
        for problem in report.wrong:
            print(f"{report.name}: {problem}")
    return int(any(report.wrong for report in reports))


def _tried(name: str, scenario: Scenario, options: argparse.Namespace) -> Report | None:
    if lack := _lack(scenario):
        tell(f"{name}: left out, {lack}")
        return None
    tell(name)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="evosync-outages-")))
        folder.chmod(0o711)
        logs = folder / "logs"
        logs.mkdir()
        logs.chmod(0o755)  # PostgreSQL writes there as another user
        if options.keep:
            stack.callback(shutil.copytree, logs, options.keep / name, dirs_exist_ok=True)
        disk, worker_disk = folder / "disk", None
        if scenario.database_megabytes:
            stack.enter_context(small_disk(disk, scenario.database_megabytes))
        else:
            disk.mkdir()
            disk.chmod(0o711)
        settings = dict(scenario.settings)
        if scenario.log_megabytes:
            worker_disk = stack.enter_context(small_disk(folder / "worker-disk", scenario.log_megabytes))
            settings["PHOTO_DIR"] = str(worker_disk / "photos")
        place = stack.enter_context(town(folder, disk, options.shops, settings, options.seed))
        place.seconds = options.seconds
        place.open()
        place.crew = Crew(place.environment, scenario.seats_in(folder, worker_disk), options.threads, logs)
        report = Report(name)
        try:
            _try(place, scenario, report)
        finally:
            report.wrong += place.crew.stop()
            if worker_disk is not None:
                shutil.copytree(worker_disk, logs / "worker-disk", ignore=shutil.ignore_patterns("ballast"))
        report.wrong += place.crew.ended
        report.wrong += _secrets(place, logs)
        tell(f"  {report}")
        return report


def _lack(scenario: Scenario) -> str | None:
    if scenario.hours and not shutil.which("cc"):
        return "there is no C compiler"
    if (scenario.database_megabytes or scenario.log_megabytes) and os.geteuid() != 0:
        return "only root may mount a small disk"
    return None


def _try(place: Town, scenario: Scenario, report: Report) -> None:
    began, begin = place.begin_round(), time.monotonic()
    place.wait_for_runs(began, min(AFTER_SO_MANY, len(place.owners)))
    scenario.harm(place)
    well = time.monotonic()
    report.harm = well - begin
    if not place.wait_until_served(began, place.limit):
        report.wrong.append(_unserved(place, began))
    report.served = time.monotonic() - well
    _look(place, began, report, is_calm=False)
    began, well = place.begin_round(), time.monotonic()
    if not place.wait_until_served(began, place.limit):
        report.wrong.append(f"afterwards: {_unserved(place, began)}")
    report.calm = time.monotonic() - well
    _look(place, began, report, is_calm=True)


def _look(place: Town, began: datetime, report: Report, *, is_calm: bool) -> None:
    runs = place.runs(began) or []
    second, twice = second_servings(runs, timedelta(minutes=INTERVAL_MINUTES)), overlaps(runs)
    report.wrong += [f"user {run.user_id} was served again by run {run.run_id}" for run in second]
    report.wrong += [f"user {run.user_id} had two runs at once, {run.run_id}" for run in twice]
    report.wrong += [
        problem for service in ("vk", "evotor") for problem in interleaved(place.sandbox.log(service)["entries"])
    ]
    report.wrong += place.wrong_in_vk()
    interrupted = [run for run in runs if not run.is_served]
    for run in interrupted:
        what = f"{run.status} {run.error}"
        report.errors[what] = report.errors.get(what, 0) + 1
    report.again += len(second)
    if is_calm:
        report.wrong += [f"afterwards: run {run.run_id} {run.status} {run.error}" for run in interrupted]
    else:
        report.interrupted = len(interrupted)


def _unserved(place: Town, began: datetime) -> str:
    runs = place.runs(began) or []
    served = {run.user_id for run in runs if run.is_served}
    at_work = sum(run.ended is None for run in runs)
    return f"{len(place.owners) - len(served)} not served within {place.limit:.0f} s, {at_work} runs still at work"


def _secrets(place: Town, logs: Path) -> list[str]:
    """And whether anything was heard at all."""
    secrets = [secret for owner in place.owners for secret in (owner.vk_token, owner.evotor_token, owner.email)]
    found = [f"a secret is {where}" for where in told(secrets, place.heard, logs)]
    if not place.heard[0].messages:
        found.append("no message of the broker was overheard, so that nothing is known of them")
    return found


def _show(reports: list[Report], options: argparse.Namespace) -> None:
    here = machine()
    show_table(
        f"{options.shops} shops, all due; {here['date']}, {here['cores']} cores, load {here['load']}",
        ("scenario", "well after s", "all served s later", "interrupted", "second servings", "calm round s", "wrong"),
        [(one.name, one.harm, one.served, one.interrupted, one.again, one.calm, len(one.wrong)) for one in reports],
    )
    for one in reports:
        if one.errors:
            print(f"{one.name}: " + ", ".join(f"{count} {what}" for what, count in one.errors.items()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/outages", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"without any all of them: {', '.join(SCENARIOS)}")
    parser.add_argument("--shops", type=int, default=40)
    parser.add_argument("--threads", type=int, default=4, help="of each worker")
    parser.add_argument("--seconds", type=float, help="how long what goes away stays away")
    parser.add_argument("--seed", type=int, default=1, help="of the moments that chance decides")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the logs are left")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in SCENARIOS]:
        parser.error(f"unknown: {', '.join(unknown)}")
    options.names = options.names or list(SCENARIOS)
    return options


if __name__ == "__main__":
    sys.exit(main())
