"""Greeting, introduction, yes and no, repeating, starting over, changing language, not understanding."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.conversation import Conversation, conversation
from actions.messages import command, hand_off
from helpline.sentences import languages, native_name

Events = list[dict[str, Any]]
Domain = dict[str, Any]
OPTIONS = ("find_shelter", "find_counselling", "find_legal_help", "ask_how_to_report", "ask_rights", "request_human")

_LISTEN = FollowupAction("action_listen")  # every rule ends with the introduction: saves predicting that


class Greet(Action):
    """Asks first whether it is safe to talk; later greetings ask what would help."""

    def name(self) -> str:
        return "action_greet"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> Events:
        turn = conversation(tracker)
        if tracker.slots.get("introduced"):
            dispatcher.utter_message(text=turn.say("utter_greet_again"), buttons=turn.buttons(*OPTIONS))
            return []
        buttons = [turn.button("can_write", "affirm"), turn.button("not_now", "deny")]
        dispatcher.utter_message(text=turn.say("utter_greet"), buttons=buttons)
        return [SlotSet("question", "safe")]


class Introduce(Action):
    """Says once what this line is, after a first message that was answered first."""

    def name(self) -> str:
        return "action_introduce"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> Events:
        if tracker.slots.get("introduced"):
            return [_LISTEN]
        dispatcher.utter_message(text=conversation(tracker).say("utter_introduction_brief"))
        return [SlotSet("introduced", True), _LISTEN]


class Answer(Action):
    """Takes a yes or a no for the question asked in the turn before; without one, offers the options."""

    def name(self) -> str:
        return "action_answer"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> Events:
        turn = conversation(tracker)
        yes = turn.intent == "affirm"
        answers = {
            ("safe", True): _introduction,
            ("safe", False): _neutral,
            ("delete", True): _delete,
            ("delete", False): _keep,
            ("person", True): _person,
        }
        return answers.get((turn.open_question() or "", yes), _options if yes else _instead)(dispatcher, turn)


def _introduction(dispatcher: CollectingDispatcher, turn: Conversation) -> Events:
    dispatcher.utter_message(text=turn.say("utter_introduction"), buttons=turn.buttons(*OPTIONS))
    return [SlotSet("introduced", True)]


def _neutral(dispatcher: CollectingDispatcher, turn: Conversation) -> Events:
    dispatcher.utter_message(text=turn.say("utter_neutral"), json_message=command("cannot_talk"))
    return []


def _delete(dispatcher: CollectingDispatcher, turn: Conversation) -> Events:
    dispatcher.utter_message(text=turn.say("utter_delete"), json_message=command("delete"))
    return []


def _keep(dispatcher: CollectingDispatcher, turn: Conversation) -> Events:
    dispatcher.utter_message(text=turn.say("utter_kept"))
    return []


def _person(dispatcher: CollectingDispatcher, turn: Conversation) -> Events:
    dispatcher.utter_message(text=turn.say("utter_request_human"), json_message=hand_off("asked"))
    return []


def _options(dispatcher: CollectingDispatcher, turn: Conversation) -> Events:
    dispatcher.utter_message(text=turn.say("utter_menu"), buttons=turn.buttons(*OPTIONS))
    return []


def _instead(dispatcher: CollectingDispatcher, turn: Conversation) -> Events:
    dispatcher.utter_message(text=turn.say("utter_all_right"), buttons=turn.buttons(*OPTIONS))
    return []


class Repeat(Action):
    """Says again what was said last."""

    def name(self) -> str:
        return "action_repeat"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> Events:
        turn = conversation(tracker)
        said = turn.said_last()
        if not said:
            dispatcher.utter_message(text=turn.say("utter_nothing_to_repeat"), buttons=turn.buttons(*OPTIONS))
        for event in said:
            dispatcher.utter_message(text=event["text"], buttons=(event.get("data") or {}).get("buttons") or None)
        question = turn.open_question()
        return [SlotSet("question", question)] if question else []


class Restart(Action):
    """Forgets what was looked for. Rasa's own action of this name would also hide the past from a repeated message."""

    def name(self) -> str:
        return "action_restart"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> Events:
        turn = conversation(tracker)
        dispatcher.utter_message(text=turn.say("utter_restart"), buttons=turn.buttons(*OPTIONS))
        return [SlotSet(name, None) for name in ("need", "place", "country", "question")]


class ChangeLanguage(Action):
    """Switches to a served language and says so in it; is honest about others and offers a person."""

    def name(self) -> str:
        return "action_change_language"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> Events:
        turn = conversation(tracker)
        named = [entity["value"] for entity in turn.entities("language")]
        wanted = next((code for code in named if code in languages()), None)
        if wanted:
            return self._switch(dispatcher, turn, wanted)
        values = {"served": ", ".join(native_name(code) for code in languages())}
        key = "utter_language_which"
        if named:
            key, values["asked"] = "utter_language_not_served", turn.language_name(named[0])
        dispatcher.utter_message(text=turn.say(key, **values), buttons=turn.buttons("request_human"))
        return []

    def _switch(self, dispatcher: CollectingDispatcher, turn: Conversation, code: str) -> Events:
        then = turn.speaking(code)
        dispatcher.utter_message(
            text=then.say("utter_language_changed"),
            buttons=then.buttons(*OPTIONS),
            json_message=command("set_language", language=code),
        )
        return [SlotSet("language", code)]


class Fallback(Action):
    """First asks for other words, then offers a person, then calls one."""

    def name(self) -> str:
        return "action_fallback"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> Events:
        return not_understood(dispatcher, conversation(tracker))


def not_understood(dispatcher: CollectingDispatcher, turn: Conversation) -> Events:
    """The answer to a message that was not understood, by how many in a row there were."""
    failures = turn.failures()
    if failures >= 3:
        dispatcher.utter_message(text=turn.say("utter_fallback_third"), json_message=hand_off("fallback"))
        return []
    if failures == 2:
        buttons = turn.buttons("request_human", "ask_menu")
        dispatcher.utter_message(text=turn.say("utter_fallback_second"), buttons=buttons)
        return [SlotSet("question", "person")]
    key = "utter_out_of_scope" if turn.intent == "out_of_scope" else "utter_fallback_first"
    dispatcher.utter_message(text=turn.say(key), buttons=turn.buttons(*OPTIONS))
    return []


class AskDelete(Action):
    """Asks before deleting the conversation."""

    def name(self) -> str:
        return "action_ask_delete"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> Events:
        turn = conversation(tracker)
        buttons = [turn.button("delete", "affirm"), turn.button("keep", "deny")]
        dispatcher.utter_message(text=turn.say("utter_ask_delete"), buttons=buttons)
        return [SlotSet("question", "delete")]
