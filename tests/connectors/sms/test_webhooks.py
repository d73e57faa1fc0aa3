"""Twilio's webhooks at the real edge: stored before they are acknowledged; anything else gets a proper HTTP error."""

import secrets

import httpx
import pytest
from sqlalchemy import select

from connectors.sms.webhooks import country_of
from helpline.models import Outbox
from tests.connectors.conftest import OUR_NUMBER, Door, wait_for


def _phone() -> str:
    return f"+447700{secrets.randbelow(900000) + 100000}"


def _form(body: str = "hello", **fields: str) -> dict[str, str]:
    return {"MessageSid": "SM" + secrets.token_hex(16), "From": _phone(), "To": OUR_NUMBER, "Body": body, **fields}


def _status_of(door: Door, outbox_id: str) -> str:
    with door.line.database.read() as session:
        return session.get(Outbox, outbox_id).status


def _sent(door: Door, phone: str) -> str:
    """Has a text answered; the id of the answer in the outbox, which the status callback carries."""
    assert door.text(phone, "HELP").status_code == 200
    text = wait_for(lambda: door.twilio.sent(phone))[0]
    return str(wait_for(lambda: _outbox_id(door, text.sid)))


def _outbox_id(door: Door, provider_id: str) -> str | None:
    with door.line.database.read() as session:
        return session.execute(select(Outbox.id).where(Outbox.provider_id == provider_id)).scalar()


def test_a_message_is_stored_before_it_is_acknowledged_with_empty_twiml(door: Door) -> None:
    answer = door.text(_phone(), "a message of mine")
    assert "a message of mine" in door.said()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml")
    assert answer.text.endswith("<Response />")


def test_the_same_message_sid_is_one_message(door: Door) -> None:
    phone, sid = _phone(), "SM" + secrets.token_hex(16)
    assert [door.text(phone, "only once", sid).status_code for _ in range(3)] == [200] * 3
    assert door.said().count("only once") == 1


@pytest.mark.parametrize("signature", ["", "forged", "x" * 5_000])
def test_a_missing_or_wrong_signature_is_refused(door: Door, signature: str) -> None:
    assert door.post("/sms/twilio", _form("unsigned words"), signature).status_code == 403
    assert "unsigned words" not in door.said()


def test_a_signature_is_good_only_for_what_was_signed(door: Door) -> None:
    form = _form("words")
    signature = door.sign("/sms/twilio", form)
    assert door.post("/sms/twilio", {**form, "Body": "other words"}, signature).status_code == 403
    assert door.post("/sms/twilio/status", form, signature).status_code == 403
    assert door.post("/sms/twilio?o=1", form, signature).status_code == 403


@pytest.mark.parametrize("name", ["MessageSid", "From", "To"])
def test_a_signed_form_without_a_needed_field_is_refused(door: Door, name: str) -> None:
    form = _form()
    del form[name]
    assert door.post("/sms/twilio", form).status_code == 400


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"", "", 415),
        (b"--x--", "multipart/form-data; boundary=x", 415),
        (b"\xff\xfe\x00\x01", "application/x-www-form-urlencoded", 400),
        (b"Body=" + "é".encode("latin-1"), "application/x-www-form-urlencoded", 400),
        (b"Body=%FF%FE", "application/x-www-form-urlencoded", 403),
        (b"%%%&&&===", "application/x-www-form-urlencoded", 403),
        (b"x" * 40_001, "application/x-www-form-urlencoded", 413),
    ],
    ids=["json", "nothing", "multipart", "binary", "latin-1", "not utf-8", "punctuation", "too large"],
)
def test_malformed_requests_get_a_proper_error(door: Door, content: bytes, content_type: str, status: int) -> None:
    headers = {"content-type": content_type, "X-Twilio-Signature": "x"}
    for path in ("/sms/twilio", "/sms/twilio/status"):
        answer = httpx.post(door.url + path, content=content, headers=headers)
        assert answer.status_code == status
        assert "Traceback" not in answer.text
    assert door.answers()


def test_a_body_that_lies_about_its_length_is_cut_off(door: Door) -> None:
    pieces = (b"x" * 1_000 for _ in range(100))
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert httpx.post(f"{door.url}/sms/twilio", content=pieces, headers=headers).status_code == 413


@pytest.mark.parametrize(
    ("body", "status"), [("x" * 10_000, 200), ("x" * 10_001, 413), ("م" * 5_001, 413)], ids=["at", "over", "arabic"]
)
def test_messages_over_ten_thousand_bytes_are_refused(door: Door, body: str, status: int) -> None:
    assert door.text(_phone(), body).status_code == status


@pytest.mark.parametrize("body", ["", "😭", "\x00\x01", "\u202e\u200b", "أنا في بيروت", "a\x00b"])
def test_odd_messages_are_taken_and_answered(door: Door, body: str) -> None:
    phone = _phone()
    assert door.text(phone, body).status_code == 200
    assert wait_for(lambda: door.twilio.sent(phone))


@pytest.mark.parametrize("count", ["1", "10", "0", "-1", "many", "٣", "9" * 400])
def test_a_message_of_media_alone_is_taken_however_it_is_counted(door: Door, count: str) -> None:
    phone = _phone()
    assert door.text(phone, "", NumMedia=count, MediaUrl0="https://example.org/x").status_code == 200
    assert wait_for(lambda: door.twilio.sent(phone))


@pytest.mark.parametrize("sender", ["12345", "HAVEN", "+800123456789", "whatsapp:+447700900123", "+" + "9" * 60])
def test_senders_of_every_kind_are_taken(door: Door, sender: str) -> None:
    assert door.text(sender, f"from {sender}").status_code == 200
    assert f"from {sender}" in door.said()


@pytest.mark.parametrize(
    ("sender", "country"),
    [
        ("+447700900123", "GB"),
        ("whatsapp:+33639980111", "FR"),
        ("12345", None),
        ("HAVEN", None),
        ("+80012345678", None),
    ],
)
def test_the_country_is_that_of_the_number_or_none(sender: str, country: str | None) -> None:
    assert country_of(sender) == country


def test_get_and_unknown_paths_are_refused_plainly(door: Door) -> None:
    assert httpx.get(f"{door.url}/sms/twilio").status_code == 405
    assert httpx.get(f"{door.url}/sms/other").status_code == 404
    assert httpx.get(f"{door.url}/dev/phone").status_code == 404


def test_a_reply_leaves_from_the_number_that_was_texted_with_an_opaque_callback(door: Door) -> None:
    phone = _phone()
    outbox_id = _sent(door, phone)
    text = door.twilio.sent(phone)[0]
    assert text.from_ == OUR_NUMBER
    assert len(outbox_id) == 32 and int(outbox_id, 16)


def test_receipts_move_a_status_forward_only(door: Door) -> None:
    outbox_id = _sent(door, _phone())
    path = f"/sms/twilio/status?o={outbox_id}"
    for status, expected in (("sent", "sent"), ("queued", "sent"), ("delivered", "delivered"), ("failed", "delivered")):
        assert door.post(path, {"MessageSid": "SM1", "MessageStatus": status}).status_code == 204
        assert _status_of(door, outbox_id) == expected


def test_a_forged_receipt_is_refused(door: Door) -> None:
    outbox_id = _sent(door, _phone())
    before = _status_of(door, outbox_id)
    form = {"MessageSid": "SM1", "MessageStatus": "failed"}
    assert door.post(f"/sms/twilio/status?o={outbox_id}", form, "forged").status_code == 403
    other = door.sign("/sms/twilio/status?o=another", form)
    assert door.post(f"/sms/twilio/status?o={outbox_id}", form, other).status_code == 403
    assert _status_of(door, outbox_id) == before


@pytest.mark.parametrize("query", ["", "?o=", "?o=unknown", f"?o={'0' * 32}", "?x=1", "?o=%00"])
def test_receipts_about_unknown_messages_are_taken_and_change_nothing(door: Door, query: str) -> None:
    form = {"MessageSid": "SM" + secrets.token_hex(16), "MessageStatus": "delivered"}
    assert door.post(f"/sms/twilio/status{query}", form).status_code == 204


@pytest.mark.parametrize("form", [{"MessageStatus": "exploded"}, {"MessageStatus": ""}, {"x": "1"}])
def test_receipts_that_say_nothing_known_change_nothing(door: Door, form: dict[str, str]) -> None:
    outbox_id = _sent(door, _phone())
    before = _status_of(door, outbox_id)
    assert door.post(f"/sms/twilio/status?o={outbox_id}", form).status_code == 204
    assert _status_of(door, outbox_id) == before
