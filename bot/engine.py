"""The agent: Rasa's parts put together so that nothing fails in silence."""

from pathlib import Path

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.tracker_store import InMemoryTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain

from bot.actions_inside import action_endpoint, check_answers_quickly
from bot.nlg import CatalogueGenerator
from bot.runner import SequentialRunner
from bot.tracker_store import EncryptedTrackerStore
from helpline.database import Database
from helpline.keys import Keys, open_ring
from helpline.settings import settings


def encrypted_store() -> EncryptedTrackerStore:
    """The store that the settings name."""
    keys = Keys(open_ring(settings().key_ring), Database(settings().keys_database))
    return EncryptedTrackerStore(Database(settings().trackers_database), keys.box)


def memory_store() -> TrackerStore:
    """Trackers that end with the process."""
    return InMemoryTrackerStore(Domain.empty())


def load(model: Path, store: TrackerStore) -> Agent:
    """An agent with this model and store, ready to answer."""
    check_answers_quickly()
    agent = Agent(
        generator=CatalogueGenerator(),
        tracker_store=store,
        action_endpoint=action_endpoint(settings().actions_url),
    )
    agent.load_model(model)
    agent.processor.graph_runner = SequentialRunner(agent.processor.graph_runner)
    store.domain = agent.domain
    # The agent wraps every store in one that falls back to memory without a word.
    agent.tracker_store = agent.processor.tracker_store = store
    return agent


async def warm(agent: Agent) -> None:
    """Loads what the first message would have to wait for: lexicons, gazetteer, language profiles."""
    await agent.processor.parse_message(UserMessage("is there somebody in Lyon who can listen"))
