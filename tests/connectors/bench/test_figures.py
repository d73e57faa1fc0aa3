"""The table and the JSON of the benchmark come from real samples of a real server."""

import asyncio
import json
from pathlib import Path

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from connectors.bench import figures
from connectors.bench.load import Sample, Unanswered, alone, crowd, steady
from connectors.bench.people import Person, everyone
from connectors.dev.local_server import running

SLOW = 0.03  # seconds that the server takes for an answer
DEAF_TO = "+34600000002"


async def answer(request: Request) -> JSONResponse:
    await asyncio.sleep(SLOW)
    message = await request.json()
    return JSONResponse({}, 500 if message["phone"] == DEAF_TO else 200)


class Server:
    """A dialogue with that server, which notices when one person has two messages in flight."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url, self.http = url, http
        self.writing: set[str] = set()
        self.said: dict[str, list[int]] = {}

    async def turn(self, person: Person, step: int) -> Sample:
        assert person.phone not in self.writing
        self.writing.add(person.phone)
        self.said.setdefault(person.phone, []).append(step)
        since = asyncio.get_running_loop().time()
        async with self.http.post(self.url, json={"phone": person.phone}) as response:
            await response.read()
        self.writing.discard(person.phone)
        if response.status != 200:
            raise Unanswered("HTTP 500")
        took = asyncio.get_running_loop().time() - since
        return Sample(took, took, took)


async def test_loads_count_what_was_answered_and_what_was_not() -> None:
    with running(Starlette(routes=[Route("/", answer, methods=["POST"])])) as url:
        async with aiohttp.ClientSession() as http:
            one = Server(url, http)
            load = await alone(one, everyone(), 12)
            assert (len(load.samples), load.unanswered) == (11, ("HTTP 500",))
            assert min(s.last for s in load.samples) >= SLOW
            assert load.throughput <= 1 / SLOW

            many = Server(url, http)
            load = await crowd(many, everyone(), at_once=8, seconds=0.5)
            assert len(load.samples) > 8
            assert load.unanswered == ("HTTP 500",)
            assert many.said[DEAF_TO] == [0]
            assert many.said["+447700000001"][:3] == [0, 1, 2]

            timed = Server(url, http)
            load = await steady(timed, everyone(), rate=50, seconds=0.4)
            assert len(load.samples) + len(load.unanswered) == 20


def test_percentiles_are_samples() -> None:
    seconds = [n / 1000 for n in range(100, 0, -1)]
    figure = figures.spread("a turn", seconds, 50, 99)
    assert figure.values == {"p50": 50.0, "p99": 99.0, "max": 100.0}
    assert figure.samples == 100


def test_the_table_shows_every_figure_with_its_samples(tmp_path: Path) -> None:
    found = [
        figures.spread("a turn", [0.0123], 50, note="2 unanswered"),
        figures.single("memory", "MB", 650.04),
        figures.spread("nothing came", [], 50),
    ]
    turn, memory, nothing = figures.table(found).splitlines()
    assert turn.split() == ["a", "turn", "p50", "12.3", "max", "12.3", "ms", "n=1", "2", "unanswered"]
    assert "650.0 MB" in memory
    assert "no sample" in nothing
    figures.write(tmp_path / "new" / "bench.json", {"processors": 2}, found)
    written = json.loads((tmp_path / "new" / "bench.json").read_text())
    assert written["machine"] == {"processors": 2}
    assert [figure["samples"] for figure in written["figures"]] == [1, 1, 0]


def test_every_person_has_a_number_of_their_own_and_languages_take_turns() -> None:
    people = everyone()
    first = [next(people) for _ in range(300)]
    assert len({person.phone for person in first}) == 300
    assert {person.language for person in first[:3]} == {"en", "es", "ar"}
