"""Trackers at rest."""

import pytest
from rasa.shared.core.events import ActionExecuted, BotUttered, SlotSet, UserUttered

from bot.tracker_store import LIVE_TURNS, MOST_EVENTS
from helpline.keys import KeyDestroyed

SECRET = "xylophone in Reykjavik"


async def _turns(store, conversation, first, count):
    tracker = await store.get_or_create_tracker(conversation, append_action_listen=False)
    for number in range(first, first + count):
        tracker.update(ActionExecuted("action_listen"))
        parsed = {"intent": {"name": "greet", "confidence": 1.0}, "entities": [], "text": SECRET, "language": "en"}
        tracker.update(UserUttered(SECRET, parsed["intent"], [], parsed, message_id=f"m{number}"))
        tracker.update(ActionExecuted("action_greet"))
        tracker.update(BotUttered(f"answer {number}"))
        if number == 0:
            tracker.update(SlotSet("need", "find_shelter"))
    await store.save(tracker)


def test_what_was_said_is_nowhere_in_clear(agent, keys, loop, trackers):
    loop.run_until_complete(_turns(agent.tracker_store, keys.create(), 0, 3))
    content = b"".join(file.read_bytes() for file in trackers.parent.iterdir())
    assert content and b"xylophone" not in content and b"answer" not in content


def test_slots_and_old_messages_survive_many_turns_one_at_a_time(agent, keys, loop):
    store, conversation = agent.tracker_store, keys.create()
    for number in range(12):
        loop.run_until_complete(_turns(store, conversation, number, 1))
    tracker = loop.run_until_complete(store.retrieve(conversation))
    assert tracker.get_slot("need") == "find_shelter"
    assert sum(isinstance(event, UserUttered) for event in tracker.events) == LIVE_TURNS
    assert [event.text for event in tracker.turn("m2") if isinstance(event, BotUttered)] == ["answer 2"]
    assert tracker.turn("never") is None


def test_a_tracker_does_not_grow_for_ever(agent, keys, loop):
    store, conversation = agent.tracker_store, keys.create()
    loop.run_until_complete(_turns(store, conversation, 0, MOST_EVENTS))
    tracker = loop.run_until_complete(store.retrieve(conversation))
    assert len(tracker.older) + len(tracker.events) <= MOST_EVENTS + 2
    assert tracker.get_slot("need") == "find_shelter"


def test_without_its_key_a_tracker_is_gone(agent, keys, loop):
    store, conversation = agent.tracker_store, keys.create()
    loop.run_until_complete(_turns(store, conversation, 0, 1))
    keys.destroy(conversation)
    with pytest.raises(KeyDestroyed):
        loop.run_until_complete(store.retrieve(conversation))


def test_forgetting_twice_is_no_error(agent, keys, loop):
    store, conversation = agent.tracker_store, keys.create()
    loop.run_until_complete(_turns(store, conversation, 0, 1))
    for _ in range(2):
        loop.run_until_complete(store.forget(conversation))
    assert loop.run_until_complete(store.retrieve(conversation)) is None


def test_nothing_wraps_the_store(agent):
    assert type(agent.tracker_store).__name__ == "EncryptedTrackerStore"
    assert agent.processor.tracker_store is agent.tracker_store
