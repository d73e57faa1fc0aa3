"""By text message: from Twilio's signed webhook to the reply at Twilio's API."""

import secrets

import httpx

from tests.journeys.conftest import OUR_NUMBER, Helpline, wait_for


def test_a_person_greets_and_is_asked_whether_it_is_safe(helpline: Helpline) -> None:
    answer = helpline.conversation("+447700900101", "hello")
    assert "safe" in answer[0]
    assert "1 " in answer[0]
    menu = helpline.conversation("+447700900101", "1")
    assert any("program" in text for text in menu)


def test_the_webhook_is_acknowledged_with_empty_twiml(helpline: Helpline) -> None:
    answer = helpline.text("+447700900102", "hello")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/xml")
    assert "<Response />" in answer.text or "<Response/>" in answer.text


def test_a_need_and_a_place_in_the_first_message_are_answered_first(helpline: Helpline) -> None:
    answer = helpline.conversation("+447700900103", "I need a lawyer, I'm in Lyon")
    assert "Lyon, France" in answer[0]
    assert "116 006" in answer[0]


def test_places_are_understood_in_four_scripts(helpline: Helpline) -> None:
    for phone, words, town in (
        ("+491515550104", "ich bin in München", "Munich"),
        ("+96170555105", "أنا في بيروت", "لبنان"),
        ("+380505550106", "я в Києві", "Kyiv"),
    ):
        answers = helpline.conversation(phone, words)
        assert any(town in text for text in answers), (words, answers)


def test_the_same_message_id_twice_is_one_message(helpline: Helpline) -> None:
    phone, sid = "+447700900107", "SM" + secrets.token_hex(16)
    for _ in range(3):
        assert helpline.text(phone, "hello", sid).status_code == 200
    wait_for(lambda: helpline.received(phone))
    helpline.settle(phone)
    assert len(helpline.received(phone)) == 1


def test_a_wrong_or_missing_signature_is_refused_without_content(helpline: Helpline) -> None:
    form = {"MessageSid": "SM1", "From": "+447700900108", "To": OUR_NUMBER, "Body": "unsigned words"}
    for headers in ({}, {"X-Twilio-Signature": "forged"}):
        answer = httpx.post(f"{helpline.url}/sms/twilio", data=form, headers=headers)
        assert answer.status_code == 403
    assert "unsigned words" not in helpline.log()
    assert "+447700900108" not in helpline.log()


def test_danger_gets_the_emergency_number_of_the_phones_country_at_once(helpline: Helpline) -> None:
    answers = helpline.conversation("+447700900109", "he has a knife and is breaking the door")
    assert "999" in answers[0]


def test_stop_is_obeyed_until_start(helpline: Helpline) -> None:
    phone = "+447700900110"
    helpline.conversation(phone, "hello")
    before = len(helpline.received(phone))
    assert helpline.text(phone, "STOP").status_code == 200
    assert helpline.text(phone, "are you there").status_code == 200
    helpline.settle(phone)
    assert len(helpline.received(phone)) == before
    assert helpline.text(phone, "yes").status_code == 200
    assert helpline.conversation(phone, "hello")


def test_help_is_answered_with_the_emergency_number(helpline: Helpline) -> None:
    assert "112" in helpline.conversation("+33639980111", "HELP")[0]


def test_whatsapp_passes_through_the_same_code(helpline: Helpline) -> None:
    phone = "whatsapp:+447700900112"
    helpline.text(phone, "hello", To=f"whatsapp:{OUR_NUMBER}")
    assert "safe" in wait_for(lambda: helpline.received(phone))[0]
    assert helpline.twilio.sent(phone)[0].from_ == f"whatsapp:{OUR_NUMBER}"


def test_a_picture_without_words_is_answered(helpline: Helpline) -> None:
    phone = "+447700900113"
    helpline.text(phone, "", NumMedia="1", MediaUrl0="https://example.org/x")
    assert "pictures" in wait_for(lambda: helpline.received(phone))[0]


def test_the_safe_word_deletes_here_and_at_twilio(helpline: Helpline) -> None:
    phone = "+447700900114"
    helpline.conversation(phone, "hello", "my husband hits me")
    assert "Deleted" in helpline.conversation(phone, "clear")[-1]
    wait_for(lambda: not helpline.twilio.sent(phone), 60)
