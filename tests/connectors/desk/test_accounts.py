"""Signing in and out of the desk."""

from starlette.testclient import TestClient

from connectors.desk.attempts import PER_LOGIN
from connectors.desk.session import COOKIE
from helpline import advocates
from helpline.line import Line

from .conftest import PAGE, PASSWORD, Desk, log_in, make_advocate, token_of


def test_without_a_session_pages_lead_to_the_login_and_scripts_get_a_clear_401(client: TestClient) -> None:
    page = client.get("/desk/conversations/1", headers=PAGE)
    assert (page.status_code, page.headers["location"]) == (303, "/desk/login")
    script = client.get("/desk/conversations/1/messages?after=0")
    assert script.status_code == 401
    assert "sign in" in script.json()["text"]
    piece = client.get("/desk/queue", headers={**PAGE, "hx-request": "true"})
    assert (piece.status_code, piece.headers["hx-redirect"]) == (401, "/desk/login")


def test_a_made_up_session_is_none(client: TestClient) -> None:
    client.cookies.set(COOKIE, "made-up")
    assert client.get("/desk/", headers=PAGE).headers["location"] == "/desk/login"


def test_a_wrong_password_is_refused_and_the_login_kept(line: Line, client: TestClient) -> None:
    make_advocate(line, "ana", "Ana")
    answer = log_in(client, "ana", "not the password")
    assert answer.status_code == 401
    assert 'value="ana"' in answer.text and COOKIE not in answer.cookies


def test_too_many_tries_wait(line: Line, client: TestClient) -> None:
    make_advocate(line, "ana", "Ana")
    for _ in range(PER_LOGIN.amount):
        assert log_in(client, "ana", "guess").status_code == 401
    refused = log_in(client, "ANA", PASSWORD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 300
    assert "5 min" in refused.text


def test_the_cookie_is_kept_from_scripts_and_other_sites(line: Line, client: TestClient) -> None:
    make_advocate(line, "ana", "Ana")
    cookie = log_in(client, "ana", PASSWORD).headers["set-cookie"]
    assert COOKIE in cookie and "HttpOnly" in cookie and "SameSite=strict" in cookie


def test_a_one_time_password_has_to_be_changed_first(line: Line, client: TestClient) -> None:
    with line.database.write() as session:
        one_time = advocates.add(session, "ana", "Ana")
    assert log_in(client, "ana", one_time).headers["location"] == "/desk/password"
    assert client.get("/desk/", headers=PAGE).headers["location"] == "/desk/password"
    assert client.get("/desk/queue").status_code == 403

    def change(new: str, again: str) -> object:
        token = token_of(client.get("/desk/password", headers=PAGE).text)
        fields = {"present": one_time, "new": new, "again": again, "csrftoken": token}
        return client.post("/desk/password", data=fields, headers=PAGE)

    assert change("short", "short").status_code == 400
    assert change(one_time, one_time).status_code == 400
    assert change(PASSWORD, PASSWORD + "x").status_code == 400
    old_cookie = client.cookies[COOKIE]
    assert change(PASSWORD, PASSWORD).headers["location"] == "/desk/"
    assert client.get("/desk/", headers=PAGE).status_code == 200
    client.cookies.set(COOKIE, old_cookie, path="/", domain="testserver.local")
    assert client.get("/desk/", headers=PAGE).headers["location"] == "/desk/login"


def test_signing_out_ends_the_session_and_requeues_what_was_owned(ana: Desk, people: object) -> None:
    conversation_id = people.ask_for_human("web:1")
    ana.post(f"/conversations/{conversation_id}/claim")
    cookie = ana.http.cookies[COOKIE]
    assert ana.post("/logout").headers["location"] == "/desk/login"
    assert people.state(conversation_id) == ("queued", None)
    ana.http.cookies.set(COOKIE, cookie)
    assert ana.http.get("/desk/", headers=PAGE).headers["location"] == "/desk/login"


def test_a_disabled_account_is_out_at_once(ana: Desk, line: Line) -> None:
    with line.database.write() as session:
        advocates.disable(session, "ana")
    assert ana.http.get("/desk/", headers=PAGE).headers["location"] == "/desk/login"


def test_the_desk_speaks_the_advocates_language(ana: Desk) -> None:
    ana.post("/language", language="ar")
    page = ana.http.get("/desk/", headers=PAGE).text
    assert 'lang="ar" dir="rtl"' in page and "لا أحد في الانتظار" in page
    ana.post("/language", language="../en")
    assert 'lang="ar"' in ana.http.get("/desk/", headers=PAGE).text


def test_the_login_page_speaks_the_browsers_language(client: TestClient) -> None:
    page = client.get("/desk/login", headers={**PAGE, "accept-language": "es-MX,es;q=0.9"}).text
    assert 'lang="es"' in page and "Contraseña" in page
