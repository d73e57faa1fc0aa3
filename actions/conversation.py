"""What a conversation's tracker says about it: language, channel, country, open question, need."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from babel import Locale
from rasa_sdk import Tracker

from helpline.sentences import languages, say, served
from helpline.settings import settings

Event = dict[str, Any]
SHORT_CHANNELS = ("sms", "whatsapp")


def language_of(newest_first: Iterable[Event]) -> str:
    """The language to answer in: the newest of one asked for, one the person wrote in, and the edge's.

    `newest_first` are Rasa events as dictionaries. The default language when nothing tells.
    """
    for event in newest_first:
        if event["event"] == "slot" and event.get("name") == "language" and event.get("value"):
            return served(event["value"])
        if event["event"] == "user":
            spoken = (event.get("parse_data") or {}).get("language")
            known = (event.get("metadata") or {}).get("language")
            for code in (spoken, known):
                if code in languages():
                    return str(code)
    return settings().default_language


def open_question(newest_first: Iterable[Event]) -> str | None:
    """The question asked since the person's last message among these events, None when there is none."""
    turn = takewhile(lambda event: event["event"] != "user", newest_first)
    return next((event["value"] for event in turn if event["event"] == "slot" and event["name"] == "question"), None)


@dataclass(frozen=True)
class Conversation:
    """A turn as an action sees it."""

    tracker: Tracker
    language: str
    short: bool  # SMS and WhatsApp: the short variant of a sentence
    country: str | None  # ISO 3166-1: named by the person, else of the phone

    def say(self, key: str, **values: object) -> str:
        """The sentence `key` in the conversation's language and length."""
        return say(key, self.language, self.short, **values)

    def buttons(self, *intents: str) -> list[dict[str, str]]:
        """A button for each intent, titled `button_<intent>`."""
        return [self.button(intent, intent) for intent in intents]

    def button(self, title: str, intent: str) -> dict[str, str]:
        """A button titled `button_<title>` that says `intent`."""
        return {"title": self.say(f"button_{title}"), "payload": f"/{intent}"}

    def language_name(self, code: str) -> str:
        """A language's name in the conversation's language, its code where nobody has a name for it."""
        return str(Locale(self.language).languages.get(code, code))

    def country_name(self, code: str) -> str:
        """A country's name in the conversation's language."""
        return str(Locale(self.language).territories.get(code, code))

    def speaking(self, language: str) -> "Conversation":
        """The same conversation in another language."""
        return replace(self, language=language)

    @property
    def intent(self) -> str:
        """The intent of the person's latest message."""
        return str(self.tracker.latest_message.get("intent", {}).get("name") or "")

    @property
    def level(self) -> str:
        """The safety level of the person's latest message."""
        return str(self.tracker.latest_message.get("safety", {}).get("level", "none"))

    def entities(self, name: str) -> list[dict[str, Any]]:
        """The entities `name` of the person's latest message."""
        return [entity for entity in self.tracker.latest_message.get("entities", []) if entity["entity"] == name]

    def open_question(self) -> str | None:
        """The question that the person's latest message may answer: one asked in the turn before it, else None."""
        return open_question(_before_latest(self.tracker.events))

    def said_last(self) -> list[Event]:
        """What was said to the person in the turn before, in order."""
        turn = list(takewhile(lambda event: event["event"] != "user", _before_latest(self.tracker.events)))
        return [event for event in reversed(turn) if event["event"] == "bot" and event.get("text")]

    def failures(self) -> int:
        """How many messages in a row, this one included, were not understood."""
        said = (event for event in reversed(self.tracker.events) if event["event"] == "user")
        return sum(1 for _ in takewhile(_is_failure, said))


def conversation(tracker: Tracker) -> Conversation:
    """The conversation of a tracker, as of its latest message."""
    newest_first = list(reversed(tracker.events))
    about = next((e.get("metadata") or {} for e in newest_first if e["event"] == "user"), {})
    return Conversation(
        tracker=tracker,
        language=language_of(newest_first),
        short=about.get("channel") in SHORT_CHANNELS,
        country=tracker.slots.get("country") or about.get("country") or settings().default_country or None,
    )


def _intent(event: Event) -> str | None:
    name: str | None = (event.get("parse_data") or {}).get("intent", {}).get("name")
    return name


def _is_failure(said: Event) -> bool:
    parsed = said.get("parse_data") or {}
    named = any(entity["entity"] in ("place", "country") for entity in parsed.get("entities", []))
    intent = _intent(said)
    return intent in ("nlu_fallback", "out_of_scope", None) or (intent == "inform_location" and not named)


def _before_latest(events: list[Event]) -> Iterator[Event]:
    """The events before the person's latest message, newest first."""
    newest_first = reversed(events)
    for event in newest_first:
        if event["event"] == "user":
            break
    return newest_first
