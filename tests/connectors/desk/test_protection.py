"""Requests from elsewhere, too large or unreadable ones."""

import pytest
from starlette.testclient import TestClient

from connectors.desk.protection import COOKIE, LARGEST_BODY

from .conftest import PAGE, Desk


@pytest.mark.parametrize("path", ["claim", "return", "requeue", "close", "messages"])
def test_a_change_without_the_token_is_refused(ana: Desk, people: object, path: str) -> None:
    conversation_id = people.ask_for_human("web:1")
    answer = ana.http.post(f"/desk/conversations/{conversation_id}/{path}", data={"text": "x"})
    assert answer.status_code == 403
    assert "Reload" in answer.text
    assert people.state(conversation_id) == ("queued", None)


def test_a_foreign_token_is_refused(ana: Desk, sam: Desk, people: object) -> None:
    conversation_id = people.ask_for_human("web:1")
    headers = {"x-csrftoken": sam.token()}
    assert ana.http.post(f"/desk/conversations/{conversation_id}/claim", headers=headers).status_code == 403


def test_a_login_from_elsewhere_is_refused(client: TestClient) -> None:
    fields = {"login": "ana", "password": "x"}
    assert client.post("/desk/login", data=fields).status_code == 403


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-type": "application/x-www-form-urlencoded"}, b"csrftoken=%C3%A9"),
        ({"content-type": "application/x-www-form-urlencoded"}, b"\xff\xfe"),
        ({"content-type": "multipart/form-data"}, b"--"),
        ({"x-csrftoken": b"\xe9"}, b""),
        ({"cookie": b"\xff\xfe=1"}, b"a=b"),
    ],
)
def test_unreadable_requests_are_answered(ana: Desk, headers: dict[str, object], body: bytes) -> None:
    answer = ana.http.post("/desk/conversations/1/claim", content=body, headers=headers)
    assert answer.status_code in (400, 403)


def test_a_body_too_large_or_of_unknown_length_is_refused(ana: Desk) -> None:
    path = "/desk/conversations/1/messages"
    assert ana.http.post(path, content=b"x" * (LARGEST_BODY + 1)).status_code == 413
    assert ana.http.post(path, content=iter([b"text=a"])).status_code == 411


def test_nothing_is_cached_and_the_token_cookie_stays_on_the_desk(client: TestClient) -> None:
    page = client.get("/desk/login", headers=PAGE)
    assert page.headers["cache-control"] == "no-store"
    cookie = page.headers["set-cookie"]
    assert COOKIE in cookie and "Path=/desk" in cookie and "SameSite=Strict" in cookie
