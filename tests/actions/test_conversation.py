"""What the tracker says about a conversation, without Rasa."""

from rasa_sdk import Tracker

from actions.conversation import conversation, language_of


def said(text_language=None, intent="greet", language=None, entities=(), **about):
    parsed = {"intent": {"name": intent}, "language": text_language, "entities": list(entities)}
    return {"event": "user", "parse_data": parsed, "metadata": {"language": language, **about}}


def slot(name, value):
    return {"event": "slot", "name": name, "value": value}


def tracker(*events, slots=None):
    latest = next((e["parse_data"] for e in reversed(events) if e["event"] == "user"), {})
    return Tracker("c", slots or {}, latest, list(events), False, None, {}, "action_listen")


def newest_first(*events):
    return reversed(events)


def test_the_newest_sign_of_a_language_counts():
    assert language_of(newest_first(said("en"), said("es"))) == "es"
    assert language_of(newest_first(said("en"), slot("language", "ar"))) == "ar"
    assert language_of(newest_first(slot("language", "ar"), said("es"))) == "es"


def test_a_language_not_served_does_not_count():
    assert language_of(newest_first(said("fr", language="es"))) == "es"
    assert language_of(newest_first(said("fr"))) == "en"
    assert language_of([]) == "en"


def test_a_question_is_open_for_one_message():
    events = [said(), slot("question", "delete"), said(intent="affirm")]
    assert conversation(tracker(*events)).open_question() == "delete"
    assert conversation(tracker(*events, said(intent="affirm"))).open_question() is None


def test_failures_in_a_row():
    lost, place = said(intent="nlu_fallback"), said(intent="inform_location")
    assert conversation(tracker(lost, said(), lost, place)).failures() == 2
    named = said(intent="inform_location", entities=[{"entity": "place", "value": "1"}])
    assert conversation(tracker(lost, named)).failures() == 0


def test_short_sentences_for_text_messages_and_the_country():
    turn = conversation(tracker(said(channel="sms", country="FR")))
    assert turn.short and turn.country == "FR"
    assert conversation(tracker(said(channel="web", country="FR"), slots={"country": "DE"})).country == "DE"
