"""Writes that come at the same time share one transaction, and so one wait for the disk."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from helpline.database import Database

Result = TypeVar("Result")

MOST_TOGETHER = 64  # calls in one transaction


class Writer:
    """Runs writing functions of the domain core in one thread; a caller goes on when its write is on the disk."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._waiting: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []
        self._busy = False

    async def call(self, function: Callable[..., Result], *args: Any) -> Result:
        """What the function returns, once it is committed; raises what it raises, and then it wrote nothing."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((partial(function, *args), future))
        if not self._busy:
            self._busy = True
            asyncio.get_running_loop().call_soon(self._next)
        return await future

    def _next(self) -> None:
        """Hands the calls that wait to the thread, and comes again when they are done."""
        batch, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
        self._busy = bool(batch)
        if batch:
            calls = [call for call, _future in batch]
            done = asyncio.get_running_loop().run_in_executor(self._thread, self._database.together, calls)
            done.add_done_callback(partial(self._answer, [future for _call, future in batch]))

    def _answer(self, futures: "list[asyncio.Future[Any]]", done: "asyncio.Future[list[Any]]") -> None:
        failure = done.exception()
        outcomes = [failure] * len(futures) if failure else done.result()
        for future, outcome in zip(futures, outcomes, strict=True):
            if future.cancelled():
                continue
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        self._next()

    def close(self) -> None:
        """Waits for what is being written."""
        self._thread.shutdown()
