"""Trackers in a database of their own: one encrypted blob a conversation.

Reading and writing fail loudly; Rasa's own wrapper would go on in memory.
"""

import asyncio
import json
import zlib
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import islice
from typing import Any

from cryptography.fernet import Fernet
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event as RasaEvent
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.utils.common import all_subclasses
from sqlalchemy import Column, LargeBinary, MetaData, String, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from helpline.database import Database, UtcTime, now

Event = dict[str, Any]

MOST_EVENTS = 200  # about 25 turns are kept, for messages that come again
LIVE_TURNS = 2  # turns that Rasa is given: nothing said next depends on more, and its work grows with them
RANKINGS = 3
_PARSED = ("intent", "entities", "language", "safety")  # of a message's parse, what is read later

_metadata = MetaData()
_trackers = Table(
    "tracker",
    _metadata,
    Column("conversation", String, primary_key=True),
    Column("events", LargeBinary, nullable=False),
    Column("written_at", UtcTime, nullable=False),
)
_insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class LiveTracker(DialogueStateTracker):
    """A tracker of the last turns. `older` are the events before them, `carried` the slots set by those."""

    older: list[Event] = []
    carried: int = 0

    def turn(self, message_id: str) -> list[RasaEvent] | None:
        """The events of the message with this id up to the next message, None when it was never handled."""
        if any(event.get("message_id") == message_id for event in self.older):
            return turn_of([_event(event) for event in self.older], message_id)
        return turn_of(self.events, message_id)


class EncryptedTrackerStore(TrackerStore):
    """A tracker is compressed JSON in the box of its conversation; without the conversation's key it is gone."""

    def __init__(self, database: Database, box: Callable[[str], Fernet], domain: Domain | None = None) -> None:
        super().__init__(domain)
        self._database = database
        self._box = box
        self._writing = asyncio.Lock()  # SQLite's own waiting sleeps far longer than a write takes
        _metadata.create_all(database.engine)

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> DialogueStateTracker:
        """An empty tracker, not written before its first turn is done."""
        return LiveTracker(sender_id, self.domain.slots)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Writes the tracker in one upsert. Raises what the database or the key store raises."""
        older, carried = getattr(tracker, "older", []), getattr(tracker, "carried", 0)
        live = [_lasting(event.as_dict()) for event in islice(tracker.events, carried, None)]
        events = _recent([*older, *live])
        packed = zlib.compress(json.dumps(events, ensure_ascii=False, separators=(",", ":")).encode(), 1)
        async with self._writing:
            await asyncio.to_thread(self._write, tracker.sender_id, packed)

    def _write(self, conversation: str, packed: bytes) -> None:
        sealed = self._box(conversation).encrypt(packed)
        with self._database.write() as session:
            row = _insert[session.get_bind().dialect.name](_trackers).values(
                conversation=conversation, events=sealed, written_at=now()
            )
            changes = {"events": row.excluded.events, "written_at": row.excluded.written_at}
            session.execute(row.on_conflict_do_update(index_elements=["conversation"], set_=changes))

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The conversation's tracker, None when there is none.

        Raises cryptography.fernet.InvalidToken when the blob cannot be read.
        """
        with self._database.read() as session:
            sealed = session.scalar(select(_trackers.c.events).where(_trackers.c.conversation == sender_id))
        if sealed is None:
            return None
        events = json.loads(zlib.decompress(self._box(sender_id).decrypt(sealed)))
        cut = _live_from(events)
        carried = _slots(events[:cut])
        tracker = LiveTracker.from_events(
            sender_id, [_event(event) for event in [*carried, *events[cut:]]], self.domain.slots, domain=self.domain
        )
        tracker.older, tracker.carried = events[:cut], len(carried)
        return tracker

    async def forget(self, conversation: str) -> None:
        """Deletes the conversation's tracker, if there is one."""
        async with self._writing:
            await asyncio.to_thread(self._delete, conversation)

    def _delete(self, conversation: str) -> None:
        with self._database.write() as session:
            session.execute(delete(_trackers).where(_trackers.c.conversation == conversation))

    async def keys(self) -> list[str]:
        """The ids of all conversations that have a tracker."""
        with self._database.read() as session:
            return list(session.scalars(select(_trackers.c.conversation)))


def _event(event: Event) -> RasaEvent:
    """The event as Rasa's object; Rasa's own reading walks through all classes for every event."""
    return _kinds()[event["event"]]._from_parameters(event)


@lru_cache
def _kinds() -> dict[str, type[RasaEvent]]:
    return {kind.type_name: kind for kind in all_subclasses(RasaEvent)}


def _lasting(event: Event) -> Event:
    """The event without what nobody reads again."""
    if event["event"] != "user":
        return event
    parsed = event.get("parse_data") or {}
    kept = {key: parsed[key] for key in _PARSED if key in parsed}
    return {**event, "parse_data": {**kept, "intent_ranking": parsed.get("intent_ranking", [])[:RANKINGS]}}


def _recent(events: list[Event]) -> list[Event]:
    """The newest events from the beginning of a turn on, after the slots as the older ones left them."""
    if len(events) <= MOST_EVENTS:
        return events
    first = next(
        (i for i in range(len(events) - MOST_EVENTS, len(events)) if events[i].get("name") == "action_listen"),
        len(events) - MOST_EVENTS,
    )
    return [*_slots(events[:first]), *events[first:]]


def _slots(events: list[Event]) -> list[Event]:
    """The newest setting of each slot."""
    return list({event["name"]: event for event in events if event["event"] == "slot"}.values())


def _live_from(events: list[Event]) -> int:
    """Where the last turns begin: at the listening before their first message."""
    said = [index for index, event in enumerate(events) if event["event"] == "user"]
    return max(said[-LIVE_TURNS] - 1, 0) if len(said) > LIVE_TURNS else 0


def turn_of(events: Iterable[RasaEvent], message_id: str) -> list[RasaEvent] | None:
    """The events of the message with this id up to the next message, None when it is not among them."""
    turn: list[RasaEvent] | None = None
    for event in events:
        if isinstance(event, UserUttered):
            if turn:
                break
            turn = [] if event.message_id == message_id else None
        if turn is not None:
            turn.append(event)
    return turn
