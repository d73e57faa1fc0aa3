"""Services near the person, and the questions that lead there."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.conversation import Conversation, conversation
from actions.directory import Whereabouts, contacts, place_of, search, whereabouts
from actions.messages import command
from actions.talk import not_understood
from helpline.directory.search import Found
from helpline.emergency import number_for
from helpline.places.labels import label

Events = list[dict[str, Any]]
Domain = dict[str, Any]
NEEDS = ("find_shelter", "find_counselling", "find_legal_help", "find_medical_care", "find_police", "request_human")
SHOWN = 3  # services in one answer
SHOWN_SHORT = 2  # by SMS


class FindServices(Action):
    """Finds services for the need and the place said so far, in whichever order; asks for what is missing."""

    def name(self) -> str:
        return "action_find_services"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Domain) -> Events:
        turn = conversation(tracker)
        need = tracker.slots.get("need") if turn.intent == "inform_location" else turn.intent
        remembered = [SlotSet("need", need)]
        candidates = _candidates(turn)
        if candidates:
            dispatcher.utter_message(text=turn.say("utter_which_place"), buttons=_choices(turn, candidates))
            return [*remembered, SlotSet("question", "place")]
        at = whereabouts(turn)
        if turn.intent == "inform_location" and turn.failures():
            return [*remembered, *_unknown_place(dispatcher, turn)]
        if need is None:
            text = turn.say("utter_ask_need", place=_name(at, turn))
            dispatcher.utter_message(text=text, buttons=turn.buttons(*NEEDS))
            return []
        if at.place is None and at.country is None:
            dispatcher.utter_message(text=turn.say("utter_ask_place"))
            return [*remembered, SlotSet("question", "place")]
        _tell(dispatcher, turn, need, at)
        return [*remembered] if at.place else [*remembered, SlotSet("question", "place")]


def _unknown_place(dispatcher: CollectingDispatcher, turn: Conversation) -> Events:
    if turn.failures() > 1:
        return not_understood(dispatcher, turn)
    dispatcher.utter_message(text=turn.say("utter_place_unknown"), buttons=turn.buttons("request_human"))
    return [SlotSet("question", "place")]


def _candidates(turn: Conversation) -> list[str]:
    """The GeoNames ids to choose from, when the latest message names a place that could be several."""
    for entity in turn.entities("place"):
        if entity.get("ambiguous"):
            return list(entity["candidates"])
    return []


def _choices(turn: Conversation, candidates: list[str]) -> list[dict[str, str]]:
    places = [place for place in map(place_of, candidates) if place]
    return [
        {"title": label(place, turn.language), "payload": f'/inform_location{{"place":"{place.geonameid}"}}'}
        for place in places
    ]


def _tell(dispatcher: CollectingDispatcher, turn: Conversation, need: str, at: Whereabouts) -> None:
    found = [f for f in search(need, at, turn.language, SHOWN_SHORT if turn.short else SHOWN) if contacts(f)]
    facts = command(
        "remember",
        facts={
            "need": need,
            "place": label(at.place, "en") if at.place else None,
            "country": at.country,
            "offered": [service.name for service in found],
        },
    )
    text = _listed(turn, at, found) if found else turn.say("utter_services_none", number=number_for(at.country))
    dispatcher.utter_message(text=text, buttons=turn.buttons("request_human"), json_message=facts)


def _listed(turn: Conversation, at: Whereabouts, found: list[Found]) -> str:
    lines = [turn.say(_heading(at, found), place=_name(at, turn))]
    lines += [_line(turn, service) for service in found]
    if not all(service.verified for service in found):
        lines.append(turn.say("utter_services_unverified", number=number_for(at.country)))
    if at.place is None:
        lines.append(turn.say("utter_services_nearer"))
    return "\n".join(lines)


def _heading(at: Whereabouts, found: list[Found]) -> str:
    if at.place is None:
        return "utter_services_country"
    near = any(service.distance_km is not None for service in found)
    return "utter_services_near" if near else "utter_services_wider"


def _line(turn: Conversation, service: Found) -> str:
    phones = ", ".join(contacts(service))
    if service.distance_km is None:
        return turn.say("utter_service", name=service.name, phones=phones)
    return turn.say("utter_service_distance", name=service.name, phones=phones, distance=f"{service.distance_km:.0f}")


def _name(at: Whereabouts, turn: Conversation) -> str:
    return label(at.place, turn.language) if at.place else turn.country_name(at.country or "")
