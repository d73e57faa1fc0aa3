"""What has to be done from time to time: late messages, vanished owners, erasing, retention."""

import asyncio
from typing import TYPE_CHECKING

import structlog

from connectors.engine import EngineDown, EngineWrong
from connectors.metrics import ENGINE_READY
from helpline import erasure, handoff

if TYPE_CHECKING:
    from connectors.edge import Edge

log = structlog.get_logger()

BEAT_SECONDS = 1.0
OWNERS_EVERY, ERASING_EVERY, WAITING_EVERY, RETENTION_EVERY = 5, 5, 15, 600  # beats


class Upkeep:
    """One loop with a beat a second."""

    def __init__(self, edge: "Edge") -> None:
        self._edge = edge
        self._ready = False

    async def work(self) -> None:
        """Beats for as long as the edge runs; a beat that fails is logged, and the next one comes."""
        beat = 0
        while True:
            try:
                await self._beat(beat)
            except Exception as error:
                log.error("upkeep failed", error=type(error).__name__)
            beat += 1
            await asyncio.sleep(BEAT_SECONDS)

    async def _beat(self, beat: int) -> None:
        await self._engine(beat)
        if beat % OWNERS_EVERY == 0:
            await self._owners()
        if beat % ERASING_EVERY == 0:
            await self._erasing()
        if beat % RETENTION_EVERY == 0:
            await self._edge.run(erasure.close_idle, self._edge.line)
            await self._edge.run(erasure.purge, self._edge.line)

    async def _engine(self, beat: int) -> None:
        """Messages that wait are taken up again: answered when the engine is back, put before a human when late."""
        before, ready = self._ready, await self._edge.engine.probe()
        self._ready = ready
        ENGINE_READY.set(ready)
        if (ready and not before) or beat % WAITING_EVERY == 0:
            await self._edge.turns.wake_waiting()

    async def _owners(self) -> None:
        for conversation_id in await self._edge.write(handoff.release_vanished, self._edge.line):
            log.info("owner lost", conversation=conversation_id)
            await self._edge.changed(conversation_id)

    async def _erasing(self) -> None:
        edge = self._edge
        await edge.run(erasure.finish, edge.line)
        for copy in await edge.read(erasure.due):
            gone = await self._gone(copy.kind, copy.reference)
            await edge.write(erasure.settle, copy.id, gone)
            log.info("copy deleted" if gone else "copy not yet deleted", kind=copy.kind)
        await edge.write(erasure.forget_settled)

    async def _gone(self, kind: str, reference: str) -> bool:
        if kind == "twilio":
            return await self._edge.sender.delete_copy(reference)
        try:
            await self._edge.engine.forget(reference)
        except (EngineDown, EngineWrong):
            return False
        return True
