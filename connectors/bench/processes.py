"""The processes that are measured: started on free ports of this machine, ended by their id whatever happens."""

import asyncio
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil

STOP_SECONDS = 10  # then a process that does not stop is killed
START_SECONDS = 180  # the longest start that is waited for
LOOK_SECONDS = 0.02  # how often a starting process is asked whether it answers
PATIENCE = 30.0  # seconds; a message that takes longer counts as unanswered
KEEP_ALIVE = 2.0  # seconds; shorter than any server here keeps an idle connection, so that none is lost in between
MEGABYTE = 1024 * 1024


class BenchFailed(Exception):
    """The benchmark cannot go on; the text says why and what to do."""


@dataclass(frozen=True)
class Running:
    """A started process and when it was started (seconds of the monotonic clock)."""

    name: str
    process: Process
    log: Path
    since: float

    def memory(self) -> float:
        """Resident memory in MB, children included."""
        parent = psutil.Process(self.process.pid)
        return float(sum(p.memory_info().rss for p in [parent, *parent.children(recursive=True)])) / MEGABYTE

    def cpu(self) -> float:
        """Seconds of processor time used so far, children included."""
        parent = psutil.Process(self.process.pid)
        return float(sum(sum(p.cpu_times()[:2]) for p in [parent, *parent.children(recursive=True)]))

    async def answers(self, url: str, **request: Any) -> float:
        """Waits until the URL answers 200; the seconds since the start. Raises BenchFailed when it never does."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            while time.monotonic() - self.since < START_SECONDS:
                if self.process.returncode is not None:
                    break
                if await _is_ok(http, url, request):
                    return time.monotonic() - self.since
                await asyncio.sleep(LOOK_SECONDS)
        raise BenchFailed(f"{self.name} did not start: {last_words(self.log)}")


async def _is_ok(http: aiohttp.ClientSession, url: str, request: dict[str, Any]) -> bool:
    try:
        async with http.get(url, **request) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, asyncio.TimeoutError):
        return False


@asynccontextmanager
async def started(
    name: str, folder: Path, environment: dict[str, str], *command: str, talks: bool = False
) -> AsyncIterator[Running]:
    """Runs `python <command>` in a folder while the block runs; with `talks` its standard output can be read.

    A group of its own keeps Ctrl-C for the benchmark, which then ends it; closed standard input ends those that
    watch it, should the benchmark be killed.
    """
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            cwd=folder,
            env={**_inherited(), **environment},
            stdin=PIPE,
            stdout=PIPE if talks else output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Running(name, process, log, time.monotonic())
    finally:
        await asyncio.shield(_end(process))


def _inherited() -> dict[str, str]:
    """The environment without the settings of this machine's own helpline, whose data must not be touched."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HAVENLINE_")}


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
    for child in children:
        if child.is_running():
            child.kill()


async def finish(name: str, folder: Path, environment: dict[str, str], *command: str) -> None:
    """Runs `python <command>` to its end. Raises BenchFailed when it fails."""
    async with started(name, folder, environment, *command) as running:
        if await running.process.wait():
            raise BenchFailed(f"{name} failed: {last_words(running.log)}")


def last_words(log: Path) -> str:
    """The last line that a process wrote."""
    rows = log.read_text(errors="replace").split("\n")
    return next((row.strip() for row in reversed(rows) if row.strip()), "it wrote nothing")


def client() -> aiohttp.ClientSession:
    """An HTTP client for as many requests at once as a load has."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE)
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE), connector=connector)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def size_of(path: Path) -> float:
    """The size of a file, or of a folder with everything in it, in MB; hard links count once."""
    if path.is_file():
        return path.stat().st_size / MEGABYTE
    seen: dict[tuple[int, int], int] = {}
    for folder, _, names in os.walk(path):
        for name in names:
            status = os.lstat(os.path.join(folder, name))
            seen[status.st_dev, status.st_ino] = status.st_size
    return sum(seen.values()) / MEGABYTE
