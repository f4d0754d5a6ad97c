import pytest

from app.clients.evotor.client import EvotorClient
from tests.support.evotor_answers import made


@pytest.fixture
def client(slept: list[float]) -> EvotorClient:
    return made(per_second=1e9)
