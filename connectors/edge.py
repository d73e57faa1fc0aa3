"""The edge as one object: the line, the engine, live connections, and the workers behind them."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import socketio
import structlog
from sqlalchemy.orm import Session

from connectors.engine import Engine, EngineDown, EngineWrong
from connectors.sms.sender import Sender
from connectors.turns import Turns
from connectors.upkeep import Upkeep
from connectors.web.push import Push
from connectors.writer import Writer
from helpline import dialogue, outbox
from helpline.conversations import NotFound, get
from helpline.inbox import Accepted
from helpline.line import Line
from helpline.safety import assess

log = structlog.get_logger()
Result = TypeVar("Result")

DESK = "/desk"  # the desk's Socket.IO namespace


class Edge:
    """What the doors (SMS, web, desk) share. `start` and `stop` run the workers."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.sio = socketio.AsyncServer(
            async_mode="asgi", cors_allowed_origins="*", max_http_buffer_size=100_000, ping_interval=20, ping_timeout=20
        )
        self.engine = Engine(line.settings)
        self.commit = Writer(line.database).call
        self.turns = Turns(self)
        self.sender = Sender(self)
        self.push = Push(self)
        self.upkeep = Upkeep(self)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Takes up what a former process left, and starts the workers."""
        await self.run(assess, "")  # reads the lexicons now, not when somebody writes
        await self.run(outbox.recover, self.line)
        self.spawn(self.sender.work())
        self.spawn(self.upkeep.work())
        await self.turns.wake_waiting()

    async def stop(self) -> None:
        """Stops the workers; what they had not finished is taken up at the next start."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.engine.close()
        await self.sender.close()
        self.line.database.close()

    def spawn(self, work: Any) -> None:
        """Runs a coroutine beside the others, until the edge stops."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self, function: Callable[..., Result], *args: Any) -> Result:
        """Calls a function of the domain core, which may block, in a thread."""
        return await anyio.to_thread.run_sync(function, *args)

    async def read(self, function: Callable[..., Result], *args: Any) -> Result:
        """Calls `function(session, *args)` on one snapshot."""

        def call() -> Result:
            with self.line.database.read() as session:
                return function(session, *args)

        return await self.run(call)

    async def write(self, function: Callable[..., Result], *args: Any) -> Result:
        """Calls `function(session, *args)` in one write transaction."""

        def call() -> Result:
            with self.line.database.write() as session:
                return function(session, *args)

        return await self.commit(call)

    async def accepted(self, accepted: Accepted, text: str, sid: str | None = None) -> None:
        """What follows once a message is stored: everybody who looks on is told, and the dialogue wakes."""
        await self.changed(accepted.conversation_id, sid)
        if accepted.relayed:
            self.judge(accepted.conversation_id, accepted.sequence, text)

    async def changed(self, conversation_id: int, sid: str | None = None) -> None:
        """To be awaited after every transaction that touched a conversation. `sid` is who wrote, if live."""
        self.turns.wake(conversation_id)
        await self.show(conversation_id, sid)

    async def show(self, conversation_id: int, sid: str | None = None) -> None:
        """What is new in a conversation goes to everybody who looks on, and to the phone."""
        self.sender.wake()
        await self.push.messages(conversation_id, sid)
        await self.nudge_desks(conversation_id)

    async def nudge_desks(self, conversation_id: int) -> None:
        """Tells every desk that a conversation has changed; what, they fetch."""
        if any(self.sio.manager.get_participants(DESK, None)):
            await self.sio.emit("changed", await self.read(_nudge, conversation_id), namespace=DESK)

    async def typing(self, conversation_id: int) -> None:
        """Shows the person that an answer is being written."""
        await self.push.typing(conversation_id)

    def judge(self, conversation_id: int, sequence: int, text: str) -> None:
        """Has the engine read, beside everything else, a message that no dialogue will answer."""
        self.spawn(self._judge(conversation_id, sequence, text))

    async def _judge(self, conversation_id: int, sequence: int, text: str) -> None:
        state, language, country = await self.read(_state, conversation_id)
        if state not in ("queued", "human") or not text:
            return
        try:
            judgement = await self.engine.judge(text, language, country)
        except (EngineDown, EngineWrong):
            return  # the edge's own check has been made; nothing waits for this one
        if judgement.safety != "none":
            args = (self.line, conversation_id, sequence, judgement.safety, judgement.words)
            await self.commit(dialogue.judge, *args)
            await self.nudge_desks(conversation_id)


def _nudge(session: Session, conversation_id: int) -> dict[str, Any]:
    try:
        conversation = get(session, conversation_id)
    except NotFound:
        return {"id": conversation_id, "last_sequence": 0, "state": "gone"}
    return {"id": conversation.id, "last_sequence": conversation.last_sequence, "state": conversation.state}


def _state(session: Session, conversation_id: int) -> tuple[str, str | None, str | None]:
    try:
        conversation = get(session, conversation_id)
    except NotFound:
        return "gone", None, None
    return conversation.state, conversation.language, conversation.country
