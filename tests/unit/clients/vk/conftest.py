import pytest

from app.clients.vk.client import VkClient
from tests.support.vk_answers import made


@pytest.fixture
def client(slept: list[float]) -> VkClient:
    return made()
