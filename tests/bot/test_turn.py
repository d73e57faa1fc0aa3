"""Whole turns through the real engine."""

import pytest

from bot.failures import EngineFailure
from bot.turn import plain
from helpline.sentences import say as sentence


def texts(answer):
    return [reply["text"] for reply in answer["replies"]]


def commands(answer):
    return [command["name"] for command in answer["commands"]]


def test_a_greeting_asks_whether_it_is_safe_and_a_yes_introduces(say):
    assert texts(say("hello")) == [sentence("utter_greet", "en")]
    answer = say("/affirm", payload=True)
    assert texts(answer) == [sentence("utter_introduction", "en")]
    assert "/request_human" in [button["payload"] for button in answer["replies"][0]["buttons"]]


def test_not_safe_gets_one_neutral_word_and_silence(say):
    say("hello")
    answer = say("/deny", payload=True)
    assert texts(answer) == [sentence("utter_neutral", "en")]
    assert commands(answer) == ["cannot_talk"]


def test_a_first_message_is_answered_before_the_introduction_which_comes_once(say):
    first = texts(say("what are my rights"))
    assert first == [sentence("utter_rights", "en"), sentence("utter_introduction_brief", "en")]
    assert texts(say("is this private")) == [sentence("utter_confidentiality", "en")]


def test_a_repeated_message_is_answered_from_the_tracker(say):
    first = say("what are my rights", message_id="m1")
    say("is this private", message_id="m2")
    assert say("what are my rights", message_id="m1") == first
    assert texts(say("say that again", message_id="m3")) == [sentence("utter_confidentiality", "en")]


def test_a_repeated_message_is_known_after_many_turns(say):
    first = say("what are my rights", message_id="m1")
    for number in range(8):
        say("thank you", message_id=f"n{number}")
    assert say("what are my rights", message_id="m1") == first


def test_deleting_asks_first(say):
    assert texts(say("delete everything")) == [sentence("utter_ask_delete", "en")]
    assert commands(say("no")) == []
    say("delete everything")
    assert commands(say("yes")) == ["delete"]


def test_a_yes_to_nothing_deletes_nothing(say):
    say("delete everything")
    say("what are my rights")
    assert commands(say("yes")) == []


def test_not_understanding_never_loops(say):
    answers = [say("😀"), say("🐟🐟"), say("...")]
    assert texts(answers[0]) == [sentence("utter_fallback_first", "en")]
    assert [b["payload"] for b in answers[1]["replies"][0]["buttons"]] == ["/request_human", "/ask_menu"]
    assert answers[2]["commands"] == [{"name": "hand_off", "reason": "fallback"}]


def test_what_is_understood_in_between_resets_the_count(say):
    say("😀")
    say("🐟🐟")
    say("what are my rights")
    assert commands(say("🎈")) == []


def test_danger_gets_the_number_first_and_a_person(say):
    answer = say("he is going to kill me", country="GB")
    assert answer["replies"][0]["text"].splitlines()[0] == "If you can, call 999 now."
    assert answer["replies"][0]["kind"] == "crisis"
    assert answer["commands"] == [{"name": "hand_off", "reason": "crisis"}]
    assert answer["safety"]["level"] == "imminent"


def test_asking_for_a_person_hands_off(say):
    answer = say("I want to talk to a person")
    assert answer["commands"] == [{"name": "hand_off", "reason": "asked"}]
    assert answer["replies"][0]["kind"] == "announcement"


def test_a_language_asked_for_stays(say):
    answer = say("en español por favor")
    assert answer["commands"] == [{"name": "set_language", "language": "es"}]
    assert texts(answer) == [sentence("utter_language_changed", "es")]
    assert say("ok", language=None)["language"] == "es"


def test_a_language_not_served_is_named_honestly(say):
    answer = say("speak french please")
    assert "French" in texts(answer)[0] and "español" in texts(answer)[0]
    assert answer["replies"][0]["buttons"][0]["payload"] == "/request_human"


def test_messages_are_answered_in_their_own_language(say):
    assert say("necesito ayuda, mi marido me pega", language=None)["language"] == "es"
    assert say("زوجي يضربني كل يوم", language=None)["language"] == "ar"


def test_typed_commands_are_words(say):
    assert plain(" / /delete_my_data") == "delete_my_data"
    assert say("/request_human{}")["intent"]["confidence"] < 1


@pytest.mark.parametrize("text", ["", "/", "\x00", "🙂" * 500, "a" * 10_000, "\u202e\u200b", "{[(<", "'; DROP TABLE"])
def test_odd_messages_are_answered(say, text):
    assert say(text)["replies"]


def test_an_action_that_raises_fails_the_turn_and_leaves_no_trace(say, agent, loop, monkeypatch):
    import actions.talk

    monkeypatch.setattr(actions.talk, "not_understood", lambda *_: 1 / 0)
    with pytest.raises(EngineFailure, match="action action_fallback"):
        say("😀", message_id="m1")
    monkeypatch.undo()
    assert loop.run_until_complete(agent.tracker_store.retrieve(say.conversation)) is None
    assert texts(say("😀", message_id="m1")) == [sentence("utter_fallback_first", "en")]


def test_a_place_on_its_own_asks_for_the_need(say):
    answer = say("Lyon")
    assert "Lyon, France" in texts(answer)[0]
    assert "/find_legal_help" in [b["payload"] for b in answer["replies"][0]["buttons"]]


def test_a_place_that_could_be_several_is_asked_about(say):
    say("I need a lawyer")
    offered = say("Paris", country="US")["replies"][0]["buttons"]
    assert {"Paris, Texas, United States", "Paris, France"} <= {button["title"] for button in offered}
    french = next(button["payload"] for button in offered if button["title"] == "Paris, France")
    answer = say(french, payload=True, country="US")
    assert answer["commands"][0]["facts"]["place"] == "Paris, France"
    assert answer["commands"][0]["facts"]["need"] == "find_legal_help"


def test_a_service_near_a_place_said_with_the_need(say):
    answer = say("I need a lawyer, I'm in Lyon")
    assert texts(answer)[0].startswith("I know nothing nearer to Lyon, France for this.")
    facts = answer["commands"][0]["facts"]
    assert (facts["need"], facts["place"], facts["country"]) == ("find_legal_help", "Lyon, France", "FR")
    assert facts["offered"]


def test_a_place_said_after_the_need_and_a_need_after_the_place(say):
    assert texts(say("I need a lawyer"))[0] == sentence("utter_ask_place", "en")
    assert say("Lyon")["commands"][0]["facts"]["need"] == "find_legal_help"
    assert say("/find_counselling", payload=True)["commands"][0]["facts"]["place"] == "Lyon, France"


def test_the_phones_country_serves_until_a_place_is_named(say):
    answer = say("I need a lawyer", country="ES")
    assert texts(answer)[0].startswith("For Spain:")
    assert answer["commands"][0]["facts"]["country"] == "ES"


def test_thoughts_of_suicide_get_a_person_and_a_number(say):
    answer = say("I want to kill myself", country="FR")
    assert answer["commands"] == [{"name": "hand_off", "reason": "crisis"}]
    assert {reply["kind"] for reply in answer["replies"]} == {"crisis"}
    assert "112" in texts(answer)[1]


def test_cannot_talk_is_silent_even_in_danger(say):
    answer = say("I can't talk now, he is here")
    assert texts(answer) == [sentence("utter_neutral", "en")]
    assert commands(answer)[0] == "cannot_talk"
