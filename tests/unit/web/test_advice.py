"""What is advised where VK refuses something."""

from app.domain.planning.changes import Reason
from app.web import labels
from app.web.messages import message


def test_of_a_refused_photo_nothing_else_is_advised_anywhere() -> None:
    assert "загрузите другое фото" in message("vk_22")
    assert "ничего не нужно" not in message("vk_22")
    assert "в Эвоторе" not in labels.reason(Reason.REFUSED).what_to_do, "that would be of no use to a photo"
