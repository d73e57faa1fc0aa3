"""The benchmark from beginning to end."""

import asyncio
import platform
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
import psutil

from connectors.bench import figures, relay
from connectors.bench.figures import Figure, single, spread
from connectors.bench.line import Line, running_line
from connectors.bench.load import Dialogue, Load, Unanswered, alone, crowd, steady
from connectors.bench.people import Person, everyone, languages
from connectors.bench.processes import BenchFailed, Running, size_of
from connectors.bench.stock import STORES, project, running_stock
from helpline.settings import settings

__all__ = ["BenchFailed", "run"]


@dataclass(frozen=True)
class Plan:
    """How long and how often is measured."""

    warm_up: float  # seconds of load before anything counts
    alone: int  # messages one after the other
    slow: float  # seconds at one message a second
    busy: float  # seconds at twenty messages a second
    crowds: tuple[int, ...]  # numbers of people writing at once
    crowd: float  # seconds for each of them
    relayed: int  # messages each way


FULL = Plan(warm_up=10, alone=200, slow=60, busy=60, crowds=(16, 32, 64), crowd=30, relayed=100)
QUICK = Plan(warm_up=3, alone=60, slow=10, busy=10, crowds=(32,), crowd=8, relayed=20)
PAUSE = 0.2  # seconds between messages sent one after the other: the receipts of the last one are in
STOCK_CLIENTS = 16
BUSY_RATE = 20  # messages a second


def run(quick: bool, skip_stock: bool) -> None:
    """Measures, prints the table and writes the JSON. Raises BenchFailed, and KeyboardInterrupt on Ctrl-C."""
    at = datetime.now(timezone.utc)
    machine = _machine(at, quick)
    found = asyncio.run(_unless_stopped(_measure(QUICK if quick else FULL, skip_stock)))
    target = settings().data_dir / "bench" / f"{at:%Y-%m-%d-%H%M%S}.json"
    figures.write(target, machine, found)
    click.echo(f"\n{machine['processor']}, {machine['processors']} processors, Python {machine['python']}\n")
    click.echo(figures.table(found))
    click.echo(f"\nwritten to {target}")


def _machine(at: datetime, quick: bool) -> dict[str, Any]:
    return {
        "at": at.isoformat(timespec="seconds"),
        "processor": platform.processor() or platform.machine(),
        "processors": psutil.cpu_count(),
        "memory_mb": round(psutil.virtual_memory().total / 1024**2),
        "load_before": psutil.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "quick": quick,
    }


def _progress(what: str) -> None:
    click.echo(f"… {what}", err=True)


async def _unless_stopped(measuring: Coroutine[Any, Any, list[Figure]]) -> list[Figure]:
    """The figures; on a signal every process is ended first. Raises KeyboardInterrupt then."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    task, stop = asyncio.ensure_future(measuring), asyncio.ensure_future(stopped.wait())
    await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if task.done():
        return task.result()
    task.cancel()
    await asyncio.wait({task})
    raise KeyboardInterrupt


async def _measure(plan: Plan, skip_stock: bool) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="havenline-bench-") as name:
        folder = Path(name)
        found = await _our_line(plan, folder)
        if not skip_stock:
            found += await _stock(plan, folder, settings().data_dir / "bench")
    return found + (_ratios(found) if not skip_stock else [])


async def _our_line(plan: Plan, folder: Path) -> list[Figure]:
    people = everyone()
    async with running_line(folder, settings(), _progress) as line:
        await _warm_up(line, people, plan)
        found = [
            *await _one_at_a_time(line, people, plan),
            *await _at_a_rate(line, people, plan),
            *await _many(line, people, plan),
            *await _relay(line, next(people), plan),
        ]
        found += [single(f"start-up, {part}", "s", seconds) for part, seconds in line.starts.items()]
        found += [
            single(f"memory, {part.name}, after the load", "MB", part.memory()) for part in (line.edge, line.engine)
        ]
    return [*found, *_sizes()]


async def _warm_up(line: Line, people: Iterator[Person], plan: Plan) -> None:
    _progress("going through every conversation once, counting the messages of each answer")
    for _ in range(languages()):
        await line.count_replies(next(people))
    await crowd(line, people, STOCK_CLIENTS, plan.warm_up)


async def _one_at_a_time(line: Line, people: Iterator[Person], plan: Plan) -> list[Figure]:
    _progress(f"{plan.alone} messages one after the other")
    load = await alone(line, people, plan.alone, PAUSE)
    return [
        spread("SMS webhook acknowledged, idle", [s.accepted for s in load.samples], 50, 99, note=_lost(load)),
        spread("turn, one at a time", [s.last for s in load.samples], 50, 95, note=_lost(load)),
    ]


async def _at_a_rate(line: Line, people: Iterator[Person], plan: Plan) -> list[Figure]:
    found = []
    for rate, seconds in ((1, plan.slow), (BUSY_RATE, plan.busy)):
        _progress(f"{rate} messages a second for {seconds:g} s")
        load = await steady(line, people, rate, seconds)
        name = f"at {rate} messages/s"
        found += [
            spread(f"SMS webhook acknowledged, {name}", [s.accepted for s in load.samples], 50, 99, note=_lost(load)),
            spread(f"turn, first message of the answer, {name}", [s.first for s in load.samples], 50, 95),
            spread(f"turn, whole answer, {name}", [s.last for s in load.samples], 50, 95, note=_lost(load)),
        ]
    return found


async def _many(line: Line, people: Iterator[Person], plan: Plan) -> list[Figure]:
    found = []
    for at_once in plan.crowds:
        found += await _crowd("whole line", line, people, at_once, plan.crowd, line.edge, line.engine)
    return found


async def _crowd(
    name: str, dialogue: Dialogue, people: Iterator[Person], at_once: int, seconds: float, *parts: Running
) -> list[Figure]:
    """Throughput and waiting times of many people, and the processor time that each part takes for a message."""
    _progress(f"{name}: {at_once} people at once for {seconds:g} s")
    before = [part.cpu() for part in parts]
    load = await crowd(dialogue, people, at_once, seconds)
    answered = len(load.samples)
    took = [part.cpu() - start for part, start in zip(parts, before, strict=True)]
    return [
        single(f"throughput, {name}, {at_once} people", "messages/s", load.throughput, answered, _lost(load)),
        spread(f"turn, {name}, {at_once} people", [s.last for s in load.samples], 50, 95),
        *(
            single(f"processor time a message, {part.name}, {at_once} people", "ms", 1000 * used / answered, answered)
            for part, used in zip(parts, took, strict=True)
            if answered
        ),
    ]


async def _relay(line: Line, person: Person, plan: Plan) -> list[Figure]:
    _progress(f"{plan.relayed} messages each way between a person and an advocate")
    try:
        relayed = await relay.measure(line, person, plan.relayed)
        note = f"{relayed.unanswered} did not arrive" if relayed.unanswered else ""
    except Unanswered as why:
        relayed, note = relay.Relayed([], [], plan.relayed), f"not measured: {why}"
    return [
        spread("relay, person to advocate's page", relayed.to_advocate, 50, 95, note=note),
        spread("relay, advocate to person", relayed.to_person, 50, 95, note=note),
    ]


def _sizes() -> list[Figure]:
    models = sorted(settings().models.glob("*.tar.gz"), key=lambda file: file.stat().st_mtime)
    return [
        single("size of the install", "MB", size_of(Path(sys.prefix))),
        single("size of the model", "MB", size_of(models[-1])),
    ]


async def _stock(plan: Plan, folder: Path, cache: Path) -> list[Figure]:
    found, people = [], everyone()
    made = await project(cache, _progress)
    for store in STORES:
        name = f"stock Rasa, {store}"
        _progress(f"starting {name}")
        async with running_stock(made, folder, store) as stock:
            await crowd(stock, people, STOCK_CLIENTS, plan.warm_up)
            _progress(f"{name}: {plan.alone} messages one after the other")
            load = await alone(stock, people, plan.alone)
            found += [spread(f"turn, {name}, one at a time", [s.last for s in load.samples], 50, 95, note=_lost(load))]
            found += await _crowd(name, stock, people, STOCK_CLIENTS, plan.crowd, stock.server)
            found += [
                single(f"start-up, {name}", "s", stock.start),
                single(f"memory, {name}, after the load", "MB", stock.server.memory()),
            ]
    return found


def _ratios(found: list[Figure]) -> list[Figure]:
    """Our throughput through the whole line over stock Rasa's; the aim is 4 with the SQL store."""
    ours = max(_throughputs(found, "whole line"))
    return [
        single(f"ratio, throughput of the whole line to stock Rasa, {store}", "times", ours / theirs)
        for store in STORES
        for theirs in _throughputs(found, f"stock Rasa, {store}")
    ]


def _throughputs(found: list[Figure], name: str) -> list[float]:
    return [f.values[""] for f in found if f.name.startswith(f"throughput, {name},")]


def _lost(load: Load) -> str:
    reasons = Counter(load.unanswered)
    return "; ".join(f"{count} unanswered: {why}" for why, count in reasons.items())
