"""A real engine for the tests: trained once on a part of the data, actions inside, trackers encrypted."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import model
from bot.logs import quiet_logs
from helpline.database import Database
from helpline.keys import Keys, open_ring

EXAMPLES = 25  # of each intent and language: enough for plain sentences, trained in seconds


def _some(source: Path, target: Path) -> None:
    for file in source.rglob("*.yml"):
        data = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)
        for block in data["nlu"]:
            block["examples"] = "\n".join(block["examples"].splitlines()[:EXAMPLES]) + "\n"
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the first examples of every intent."""
    model.prepare_rasa()
    quiet_logs()
    from rasa.model_training import train

    folder = tmp_path_factory.mktemp("model")
    _some(model.DATA[0], folder / "nlu")
    result = train(
        domain=str(model.DOMAIN),
        config=str(model.CONFIG),
        training_files=[str(folder / "nlu"), str(model.DATA[1])],
        output=str(folder),
    )
    return Path(result.model)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("keys")
    return Keys(open_ring(folder / "ring.json"), Database(f"sqlite:///{folder / 'keys.db'}"))


@pytest.fixture(scope="session")
def trackers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the trackers."""
    return tmp_path_factory.mktemp("trackers") / "trackers.db"


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The project's own directory of services, in a database that the actions read."""
    from actions import directory as where
    from helpline.directory.load import ensure_loaded
    from helpline.models import Base

    database = Database(f"sqlite:///{tmp_path_factory.mktemp('directory') / 'havenline.db'}")
    Base.metadata.create_all(database.engine)
    ensure_loaded(database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(where, "directory", lambda: database)
        yield database


@pytest.fixture(scope="session")
def agent(trained: Path, keys: Keys, trackers: Path, directory: Database, loop: asyncio.AbstractEventLoop) -> Any:
    from bot.engine import load, warm
    from bot.tracker_store import EncryptedTrackerStore

    agent = load(trained, EncryptedTrackerStore(Database(f"sqlite:///{trackers}"), keys.box))
    loop.run_until_complete(warm(agent))
    return agent


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def say(agent: Any, keys: Keys, loop: asyncio.AbstractEventLoop) -> Callable[..., dict[str, Any]]:
    """Says something in a conversation of its own and gives the engine's answer."""
    from bot.turn import Incoming, take_turn

    conversation = keys.create()

    def said(text: str, message_id: str | None = None, **about: Any) -> dict[str, Any]:
        about = {"channel": "web", "language": "en", "conversation": conversation, **about}
        incoming = Incoming(message_id=message_id or uuid.uuid4().hex, text=text, **about)
        return loop.run_until_complete(take_turn(agent, incoming))

    said.conversation = conversation  # type: ignore[attr-defined]
    return said
