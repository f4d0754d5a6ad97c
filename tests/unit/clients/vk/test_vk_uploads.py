from typing import Any

import pytest
import requests
import requests_mock

from app.clients.vk.client import VkClient
from app.clients.vk.errors import Treatment
from tests.support.vk_answers import GROUP, UPLOAD, URL, Answer, answers, failure, forms, refusal, response


class TestUploads:
    RECEIPT = '{"sha": "s",  "meta": {"kid": "\\u044f"}, "secret": "upload-secret"}'

    @pytest.fixture(autouse=True)
    def _addresses(self, vendor: requests_mock.Mocker) -> None:
        answers(vendor, "market.getProductPhotoUploadServer", response({"upload_url": UPLOAD}))

    def sent(self, vendor: requests_mock.Mocker, url: str) -> list[Any]:
        return [request for request in vendor.request_history if request.url == url]

    def test_the_receipt_goes_back_as_it_came(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        vendor.post(UPLOAD, text=self.RECEIPT)
        answers(vendor, "market.saveProductPhoto", response({"photo_id": 457239101}))
        assert client.photos.upload(GROUP, b"jpeg") == 457239101
        assert forms(vendor)[-1]["upload_response"] == self.RECEIPT

    def test_the_picture_travels_without_the_token(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        vendor.post(UPLOAD, text=self.RECEIPT)
        answers(vendor, "market.saveProductPhoto", response({"photo_id": 1}))
        client.photos.upload(GROUP, b"jpeg")
        request = self.sent(vendor, UPLOAD)[0]
        assert "Authorization" not in request.headers
        timeout: Any = request.timeout
        assert (timeout.connect_timeout, timeout.read_timeout) == (10.0, 120.0)
        assert b'name="file"; filename="photo.jpg"' in request.body

    @pytest.mark.parametrize(
        "bad", [{"text": "<html>"}, {"status_code": 502}, {"exc": requests.ReadTimeout}, {"json": {"error": "bad"}}]
    )
    def test_a_failed_upload_gets_a_new_address(
        self, vendor: requests_mock.Mocker, client: VkClient, bad: Answer
    ) -> None:
        vendor.post(UPLOAD, [bad, bad, {"text": self.RECEIPT}])
        answers(vendor, "market.saveProductPhoto", response({"photo_id": 1}))
        assert client.photos.upload(GROUP, b"jpeg") == 1
        assert len(self.sent(vendor, f"{URL}/market.getProductPhotoUploadServer")) == 3

    @pytest.mark.parametrize(
        ("bad", "code", "treatment"),
        [({"json": {"error_msg": "bad image"}}, 22, Treatment.FAIL), ({"status_code": 502}, None, Treatment.RETRY)],
    )
    def test_after_three_uploads_it_gives_up(
        self, vendor: requests_mock.Mocker, client: VkClient, bad: Answer, code: int | None, treatment: Treatment
    ) -> None:
        vendor.post(UPLOAD, [bad])
        error = failure(lambda: client.photos.upload(GROUP, b"jpeg"))
        assert (error.code, error.treatment, error.outcome_unknown) == (code, treatment, False)
        assert len(self.sent(vendor, UPLOAD)) == 3

    @pytest.mark.parametrize("answer", [refusal(22), refusal(121), {"exc": requests.ReadTimeout}, response({})])
    def test_a_photo_that_was_not_saved_is_uploaded_again(
        self, vendor: requests_mock.Mocker, client: VkClient, answer: Answer
    ) -> None:
        vendor.post(UPLOAD, text=self.RECEIPT)
        answers(vendor, "market.saveProductPhoto", answer, response({"photo_id": 1}))
        assert client.photos.upload(GROUP, b"jpeg") == 1
        assert len(self.sent(vendor, UPLOAD)) == 2

    def test_a_refusal_to_save_is_not_an_upload_failure(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        vendor.post(UPLOAD, text=self.RECEIPT)
        answers(vendor, "market.saveProductPhoto", refusal(1438))
        assert failure(lambda: client.photos.upload(GROUP, b"jpeg")).treatment is Treatment.ASK
        assert len(self.sent(vendor, UPLOAD)) == 1

    def test_an_error_does_not_show_the_receipt(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        vendor.post(UPLOAD, text=self.RECEIPT)
        answers(vendor, "market.saveProductPhoto", refusal(100))
        error = failure(lambda: client.photos.upload(GROUP, b"jpeg"))
        assert "upload-secret" not in f"{error!r} {error} {vars(error)}"
