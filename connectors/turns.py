"""Handling messages with the engine: one worker a conversation at a time, in sequence."""

import asyncio
from typing import TYPE_CHECKING

import structlog

from connectors.engine import EngineDown, EngineWrong
from connectors.metrics import ENGINE_FAILURES, TURN_SECONDS
from helpline import dialogue, inbox
from helpline.dialogue import Question

if TYPE_CHECKING:
    from connectors.edge import Edge

log = structlog.get_logger()

AT_ONCE = 16  # turns asked of the engine at the same time
RETRY_SECONDS = 1.0  # before a message that the engine answered wrongly is tried again


class Turns:
    """The workers: `wake` a conversation and its waiting messages are handled."""

    def __init__(self, edge: "Edge") -> None:
        self._edge = edge
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._again: set[int] = set()
        self._slots = asyncio.Semaphore(AT_ONCE)

    def wake(self, conversation_id: int) -> None:
        """Has the conversation's worker look for waiting messages, now or right after what it is doing."""
        if conversation_id in self._workers:
            self._again.add(conversation_id)
            return
        task = asyncio.create_task(self._work(conversation_id))
        self._workers[conversation_id] = task

    async def wake_waiting(self) -> None:
        """Wakes every conversation that has a message waiting: after a start or an outage."""
        for conversation_id in await self._edge.read(inbox.unhandled):
            self.wake(conversation_id)

    async def _work(self, conversation_id: int) -> None:
        try:
            while True:
                self._again.discard(conversation_id)
                await self._drain(conversation_id)
                if conversation_id not in self._again:
                    return
        except Exception as error:
            log.error("worker failed", conversation=conversation_id, error=type(error).__name__)
        finally:
            self._workers.pop(conversation_id, None)

    async def _drain(self, conversation_id: int) -> None:
        while question := await self._edge.run(dialogue.next_question, self._edge.line, conversation_id):
            async with self._slots:
                went_on = await self._handle(question)
            await self._edge.show(conversation_id)
            if not went_on or not question.more:
                return

    async def _handle(self, question: Question) -> bool:
        """Handles one message; False when it has to wait for the engine."""
        line = self._edge.line
        if question.late:
            await self._edge.commit(dialogue.take_late, line, question)
            self._edge.judge(question.conversation_id, question.sequence, question.text)
            return True
        if question.noticed and not self._edge.engine.ready:
            return False  # they know that it takes longer; upkeep wakes this worker when the engine is back
        try:
            await self._edge.typing(question.conversation_id)
            with TURN_SECONDS.time():
                turn = await self._edge.engine.turn(question)
            await self._edge.commit(dialogue.apply, line, question, turn)
            return True
        except EngineDown as error:
            return await self._failed(question, error, down=True)
        except EngineWrong as error:
            await self._failed(question, error, down=False)
            await asyncio.sleep(RETRY_SECONDS)
            self._again.add(question.conversation_id)
            return True

    async def _failed(self, question: Question, error: Exception, down: bool) -> bool:
        ENGINE_FAILURES.labels("down" if down else "wrong").inc()
        log.warning("engine failure", conversation=question.conversation_id, down=down, reason=str(error))
        await self._edge.commit(dialogue.failed, self._edge.line, question, down)
        return False
