"""One message in, one answer out; the same message again, the same answer."""

import re
from dataclasses import dataclass
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.processor import MessageProcessor
from rasa.shared.core.events import BotUttered, Event
from rasa.shared.core.trackers import DialogueStateTracker

from actions.conversation import language_of, open_question
from bot.failures import EngineFailure
from bot.tracker_store import LiveTracker, turn_of

_LOCK_WAIT = 0.02  # seconds between looks at a conversation's lock
_COMMAND_LIKE = re.compile(r"^[\s/]+")


@dataclass(frozen=True)
class Incoming:
    """A person's message as the edge hands it over."""

    conversation: str
    message_id: str
    text: str
    payload: bool = False  # a button's payload, offered in the conversation's last message
    channel: str = "web"
    language: str | None = None
    country: str | None = None


class _Nowhere(OutputChannel):
    """Delivers nothing: the answer is read from the tracker."""

    @classmethod
    def name(cls) -> str:
        return "edge"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        pass


async def take_turn(agent: Agent, incoming: Incoming) -> dict[str, Any]:
    """The engine's answer: replies, commands, language, intent and safety.

    A message id that the conversation has seen is answered from its tracker, without a second turn.
    Raises EngineFailure for an empty answer or an action that failed; nothing is written then.
    """
    async with agent.lock_store.lock(incoming.conversation, wait_time_in_seconds=_LOCK_WAIT):
        processor = agent.processor
        tracker = await processor.get_tracker(incoming.conversation)
        if _turn_of(tracker, incoming.message_id) is None:
            await _handle(processor, tracker, incoming)
        return _answer(tracker, incoming.message_id)


async def parse(agent: Agent, text: str, language: str | None, country: str | None) -> dict[str, Any]:
    """What a text means, without a conversation: language, intent, confidence, safety level, words, entities."""
    message = UserMessage(plain(text), metadata={"language": language, "country": country})
    parsed = await agent.processor.parse_message(message)
    return {
        "text": text,
        "language": parsed.get("language"),
        "intent": parsed["intent"]["name"],
        "confidence": round(parsed["intent"]["confidence"], 4),
        "safety": parsed["safety"]["level"],
        "words": parsed["safety"]["words"],
        "entities": parsed["entities"],
    }


def plain(text: str) -> str:
    """The text so that Rasa does not take it for a command: without slashes in front."""
    return _COMMAND_LIKE.sub("", text)


async def _handle(processor: MessageProcessor, tracker: DialogueStateTracker, incoming: Incoming) -> None:
    """MessageProcessor.handle_message on a tracker that is already at hand; saved only when all went well."""
    channel = _Nowhere()
    message = UserMessage(
        incoming.text if incoming.payload else plain(incoming.text),
        channel,
        incoming.conversation,
        input_channel=incoming.channel,
        message_id=incoming.message_id,
        metadata=_about(tracker, incoming),
    )
    await processor._update_tracker_session(tracker, channel)
    await processor._handle_message_with_tracker(message, tracker)
    await processor.run_action_extract_slots(channel, tracker)
    await processor._run_prediction_loop(channel, tracker)
    if not any(isinstance(event, BotUttered) for event in _turn_of(tracker, incoming.message_id) or []):
        raise EngineFailure("empty answer")
    await processor.save_tracker(tracker)


def _about(tracker: DialogueStateTracker, incoming: Incoming) -> dict[str, Any]:
    known = language_of(event.as_dict() for event in reversed(tracker.events)) if tracker.events else None
    return {
        "language": incoming.language or known,
        "country": incoming.country,
        "channel": incoming.channel,
        "question": open_question(event.as_dict() for event in reversed(tracker.events)),
    }


def _turn_of(tracker: DialogueStateTracker, message_id: str) -> list[Event] | None:
    """The events of the message with this id; None when it was never handled."""
    return tracker.turn(message_id) if isinstance(tracker, LiveTracker) else turn_of(tracker.events, message_id)


def _answer(tracker: DialogueStateTracker, message_id: str) -> dict[str, Any]:
    turn = _turn_of(tracker, message_id) or []
    said = [event for event in turn if isinstance(event, BotUttered)]
    customs = [event.data.get("custom") or {} for event in said]
    person = turn[0]
    return {
        "replies": [_reply(event) for event in said if event.text],
        "commands": [command for custom in customs for command in custom.get("commands", [])],
        "language": language_of(event.as_dict() for event in reversed(turn)),
        "intent": {
            "name": person.intent.get("name"),
            "confidence": round(person.intent.get("confidence", 0.0), 4),
        },
        "safety": person.parse_data.get("safety") or {"level": "none", "words": []},
    }


def _reply(event: BotUttered) -> dict[str, Any]:
    return {
        "text": event.text,
        "buttons": [{"title": b["title"], "payload": b["payload"]} for b in event.data.get("buttons") or []],
        "kind": (event.data.get("custom") or {}).get("kind", "ordinary"),
    }
