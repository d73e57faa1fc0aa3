"""Danger: the emergency number first, a person called at the same moment."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.conversation import conversation
from actions.directory import crisis_line, whereabouts
from actions.messages import command, hand_off
from helpline.emergency import number_for

Events = list[dict[str, Any]]
Domain = dict[str, Any]
CRISIS_LEVELS = ("urgent", "imminent")


class Crisis(Action):
    """Violence, a child in danger or an injury now."""

    def name(self) -> str:
        return "action_crisis"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> Events:
        turn = conversation(tracker)
        number = number_for(whereabouts(turn).country)
        text = turn.say(f"utter_crisis_{turn.intent}", number=number)
        dispatcher.utter_message(text=text, json_message=hand_off("crisis"))
        return []


class SuicidalThoughts(Action):
    """Stays with the person, calls one, names the country's crisis line where we know it."""

    def name(self) -> str:
        return "action_suicidal_thoughts"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> Events:
        turn = conversation(tracker)
        country = whereabouts(turn).country
        dispatcher.utter_message(text=turn.say("utter_suicidal_thoughts"), json_message=hand_off("crisis"))
        number, line = number_for(country), crisis_line(country)
        text = (
            turn.say("utter_crisis_line", line=line, number=number)
            if line
            else turn.say("utter_crisis_number", number=number)
        )
        dispatcher.utter_message(text=text, json_message={"kind": "crisis"})
        return []


class CannotTalk(Action):
    """One neutral word; where there is danger too, a person is called without a word about it."""

    def name(self) -> str:
        return "action_cannot_talk"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> Events:
        turn = conversation(tracker)
        custom = command("cannot_talk")
        if turn.level in CRISIS_LEVELS:
            custom["commands"] += hand_off("crisis")["commands"]
        dispatcher.utter_message(text=turn.say("utter_neutral"), json_message=custom)
        return []


class EmergencyNumber(Action):
    """The number to call where the person is."""

    def name(self) -> str:
        return "action_emergency_number"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> Events:
        turn = conversation(tracker)
        country = whereabouts(turn).country
        if country:
            values = {"country": turn.country_name(country), "number": number_for(country)}
            dispatcher.utter_message(text=turn.say("utter_emergency_number", **values))
        else:
            dispatcher.utter_message(text=turn.say("utter_emergency_number_unknown", number=number_for(None)))
        return []
