"""Tests take the states of a shop from the engine; where rows are still written by hand, the number can only fall."""

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]

ROWS = {"ForeignItem", "Listing", "SyncApproval", "SyncRun", "SyncRunEntry", "SyncState", "VkAlbum"}
CONNECTIONS = {"EvotorConnection", "VkConnection"}
STATES = {"evotor", "sync_config", "sync_state", "vk"}
"""Attributes of a user; what is set on one of them is a state too."""

BY_HAND = {
    "integration/cli/test_keys_command.py": 1,  # what lies in the column is the matter
    "integration/cli/test_scripts.py": 2,
    "integration/cli/test_sync_command.py": 1,
    "integration/cli/test_sync_config_command.py": 4,  # the times and secrets that an export shows and hides
    "integration/services/catalog/test_refresh.py": 1,
    "integration/services/catalog/test_stored_verdicts.py": 2,  # a photo chosen in VK, and nothing else of it
    "integration/services/catalog/test_verdicts_after_any_sequence.py": 1,  # likewise
    "integration/services/connections/test_connecting.py": 1,
    "integration/services/connections/test_daily_checks.py": 1,  # when a catalog is due, and nothing else of it
    "integration/services/market/test_links_loaded.py": 1,  # a table of rows and what is read from them
    "integration/services/ops/test_keys.py": 2,  # what lies in the column, again
    "integration/services/ops/test_pruning.py": 2,  # months old, and nothing else of it
    "integration/services/owner/conftest.py": 1,  # no vendor has a part in switches and rules
    "integration/services/owner/test_orders_taken_back.py": 1,
    "integration/services/owner/test_switch.py": 1,
    "integration/services/pages/test_listing_indexes.py": 1,  # a table of rows and what is counted of them
    "integration/services/pages/test_problems.py": 29,  # a table of facts and what is told of them
    "integration/services/pages/test_run_progress.py": 1,  # a table of phases; nobody stores their rows
    "integration/services/photos/test_photos.py": 1,
    "integration/services/planning/test_one_moment.py": 1,  # one item without a vendor: others write between statements
    "integration/services/runs/test_tidying.py": 1,  # what others wrote is the matter
    "integration/test_database.py": 4,  # the constraints of the tables themselves
    "support/due.py": 2,  # no vendor has a part in who is claimed
    "web/test_auth.py": 3,
    "web/test_category_pages.py": 1,
    "web/test_market.py": 5,
    "web/test_run_days.py": 1,
    "web/test_search_pages.py": 2,  # one entry that bears the name which is looked for
    "web/test_settings.py": 1,
    "web/test_sync.py": 2,
    "web/test_sync_plan.py": 2,
    "web/test_sync_runs.py": 3,
}
"""How many in which module, which says at the place why."""


def by_hand(path: Path) -> Iterator[ast.AST]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ROWS | CONNECTIONS:
            yield node
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from (part for part in ast.walk(target) if is_a_state(part))


def is_a_state(node: ast.AST) -> bool:
    """`owner.vk.state`, and so on."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr in STATES
    )


def test_no_test_writes_more_states_by_hand_than_it_did() -> None:
    counted = {str(path.relative_to(TESTS)): len(list(by_hand(path))) for path in TESTS.rglob("*.py")}
    beyond = [f"{name}: {number}" for name, number in counted.items() if number > BY_HAND.get(name, 0)]
    assert not beyond, "let tests.support.story or tests.support.shop make the state"
