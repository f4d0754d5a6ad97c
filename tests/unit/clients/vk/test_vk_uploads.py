from typing import Any

import pytest
import requests
import requests_mock

from app.clients.vk.calls import CallHooks
from app.clients.vk.client import VkClient
from app.clients.vk.errors import Treatment
from tests.support.vk_answers import GROUP, TOKEN, UPLOAD, URL, Answer, answers, failure, forms, refusal, response


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


class TestSeveralAtOnce:
    RECEIPT = '{"hash": "h"}'
    SEVERAL = "market.saveProductPhotoBulk"

    def test_addresses_are_asked_for_in_one_request_each_for_as_many_as_go_there(
        self, vendor: requests_mock.Mocker, client: VkClient
    ) -> None:
        found = [{"upload_url": f"{UPLOAD}{number}"} for number in range(3)]
        answers(vendor, "execute", response(found))
        assert client.photos.addresses(GROUP, [5, 5, 1]) == [one["upload_url"] for one in found]
        sent = forms(vendor)[0]["code"]
        assert sent.count('"bulk": "1"') == 2
        assert sent.count(f'"group_id": "{GROUP}"') == 3

    def test_an_address_that_did_not_come_so_is_asked_for_by_itself(
        self, vendor: requests_mock.Mocker, client: VkClient
    ) -> None:
        answers(vendor, "execute", response([{"upload_url": UPLOAD}, {}]))
        answers(vendor, "market.getProductPhotoUploadServer", response({"upload_url": f"{UPLOAD}/single"}))
        assert client.photos.addresses(GROUP, [5, 5]) == [UPLOAD, f"{UPLOAD}/single"]
        assert forms(vendor)[-1]["bulk"] == "1"

    def test_the_pictures_travel_as_numbered_files(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        vendor.post(UPLOAD, text=self.RECEIPT)
        assert client.photos.send(UPLOAD, [b"one", b"two"]) == self.RECEIPT
        body = vendor.request_history[0].body
        assert body.index(b'name="file1"; filename="photo.jpg"') < body.index(b'name="file2"; filename="photo.jpg"')

    @pytest.mark.parametrize("bad", [{"json": {"error_msg": "bad image"}}, {"status_code": 404, "text": "{}"}])
    def test_a_refused_upload_says_so(self, vendor: requests_mock.Mocker, client: VkClient, bad: Answer) -> None:
        vendor.post(UPLOAD, [bad])
        error = failure(lambda: client.photos.send(UPLOAD, [b"one", b"two"]))
        assert (error.code, error.outcome_unknown) == (22, False)

    @pytest.mark.parametrize("bad", [{"text": "<html>"}, {"status_code": 502}, {"exc": requests.ReadTimeout}])
    def test_an_upload_without_an_answer_is_no_refusal(
        self, vendor: requests_mock.Mocker, client: VkClient, bad: Answer
    ) -> None:
        vendor.post(UPLOAD, [bad])
        error = failure(lambda: client.photos.send(UPLOAD, [b"one", b"two"]))
        assert (error.code, error.outcome_unknown) == (None, True)

    def test_the_ids_come_in_the_order_of_the_pictures(self, vendor: requests_mock.Mocker, client: VkClient) -> None:
        answers(vendor, self.SEVERAL, response([{"photo_id": 7}, {"photo_id": 5}]))
        assert client.photos.save(self.RECEIPT, 2) == [7, 5]
        assert forms(vendor)[-1]["upload_response"] == self.RECEIPT

    @pytest.mark.parametrize("answer", [[], [{"photo_id": 7}], [{"photo_id": 7}] * 3, [7, "x"], {}, None, 1])
    def test_another_count_of_ids_is_a_refusal(
        self, vendor: requests_mock.Mocker, client: VkClient, answer: Any
    ) -> None:
        answers(vendor, self.SEVERAL, response(answer))
        error = failure(lambda: client.photos.save(self.RECEIPT, 2))
        assert (error.code, error.outcome_unknown) == (22, False)

    @pytest.mark.parametrize("answer", [refusal(10), {"status_code": 502}, {"exc": requests.ReadTimeout}])
    def test_a_save_is_never_repeated(self, vendor: requests_mock.Mocker, client: VkClient, answer: Answer) -> None:
        answers(vendor, self.SEVERAL, answer)
        assert failure(lambda: client.photos.save(self.RECEIPT, 2)).outcome_unknown
        assert vendor.call_count == 1

    @pytest.mark.parametrize(("code", "is_given_up"), [(9, True), (14, True), (5, False), (1438, False)])
    def test_what_may_be_meant_of_the_form_makes_the_next_run_begin_singly(
        self, vendor: requests_mock.Mocker, code: int, is_given_up: bool
    ) -> None:
        refused: list[str] = []
        hooks = CallHooks(is_resting=refused.__contains__, note_refused=refused.append)
        answers(vendor, self.SEVERAL, refusal(code))
        with VkClient(URL, TOKEN, per_second=1e9, hooks=hooks) as client:
            assert client.photos.room == 5
            assert failure(lambda: client.photos.save(self.RECEIPT, 2)).code == code
            assert client.photos.room == (1 if is_given_up else 5)
