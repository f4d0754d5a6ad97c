import pytest

from app.domain.planning.plan import Plan
from app.models import User
from app.services.planning import plans


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[User]:
    """Of whom a plan was made."""
    users: list[User] = []
    real = plans.plan_for

    def noted(user: User, *more: object) -> Plan:
        users.append(user)
        return real(user, *more)  # type: ignore[arg-type]  # as it was asked for

    monkeypatch.setattr(plans, "plan_for", noted)
    return users
