"""Load on a dialogue: one message at a time, a steady stream, or many people at once.

Every conversation has one message in flight at a time, as a person waits for the answer.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import anyio

from connectors.bench.people import Person


@dataclass(frozen=True)
class Sample:
    """What became of one message, in seconds after it was sent: accepted, first and last message of the answer."""

    accepted: float
    first: float
    last: float


class Unanswered(Exception):
    """A message got no answer, or an error, in the time a person would wait; the text says which."""


class Dialogue(Protocol):
    """What can be written to: our line, or a stock Rasa."""

    async def turn(self, person: Person, step: int) -> Sample:
        """Sends a person's message and waits for the whole answer. Raises Unanswered."""


@dataclass(frozen=True)
class Load:
    """The samples of one load, why messages got no answer, and how long it lasted in seconds."""

    samples: tuple[Sample, ...]
    unanswered: tuple[str, ...]
    seconds: float

    @property
    def throughput(self) -> float:
        """Messages answered a second."""
        return len(self.samples) / self.seconds


class _Tally:
    """Collects the samples of one load."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._since = time.monotonic()
        self.samples: list[Sample] = []
        self.unanswered: list[str] = []

    async def turn(self, person: Person, step: int) -> bool:
        """One message; False when it got no answer, and the person gives up."""
        try:
            self.samples.append(await self._dialogue.turn(person, step))
        except Unanswered as why:
            self.unanswered.append(str(why))
            return False
        return True

    def load(self) -> Load:
        return Load(tuple(self.samples), tuple(self.unanswered), time.monotonic() - self._since)


async def alone(dialogue: Dialogue, people: Iterator[Person], messages: int, pause: float = 0.0) -> Load:
    """So many messages, each `pause` seconds after the answer to the one before."""
    tally = _Tally(dialogue)
    while left := messages - len(tally.samples) - len(tally.unanswered):
        person = next(people)
        for step in range(min(len(person.says), left)):
            if not await tally.turn(person, step):
                break
            await asyncio.sleep(pause)
    return tally.load()


async def steady(dialogue: Dialogue, people: Iterator[Person], rate: float, seconds: float) -> Load:
    """`rate` messages a second, sent at their time whether or not earlier ones are answered."""
    tally = _Tally(dialogue)
    waiting: deque[tuple[Person, int]] = deque()

    async def one() -> None:
        person, step = waiting.popleft() if waiting else (next(people), 0)
        if await tally.turn(person, step) and step + 1 < len(person.says):
            waiting.append((person, step + 1))

    start = time.monotonic()
    async with anyio.create_task_group() as writers:
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
            writers.start_soon(one)
    return tally.load()


async def crowd(dialogue: Dialogue, people: Iterator[Person], at_once: int, seconds: float) -> Load:
    """So many people at once, each writing as soon as the answer is there; only what ends in time counts."""
    tally = _Tally(dialogue)

    async def one_after_another() -> None:
        while True:
            person = next(people)
            for step in range(len(person.says)):
                if not await tally.turn(person, step):
                    break

    with anyio.move_on_after(seconds):
        async with anyio.create_task_group() as writers:
            for _ in range(at_once):
                writers.start_soon(one_after_another)
    return tally.load()
