"""The relay between a person and an advocate: SMS in, the desk's page out, and back."""

import asyncio
import re
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import socketio
from socketio.exceptions import ConnectionError

from connectors.bench.line import Line
from connectors.bench.load import Unanswered
from connectors.bench.people import Person, asks_for_a_human
from connectors.bench.processes import PATIENCE
from helpline import advocates
from helpline.line import open_line
from helpline.settings import Settings

LOGIN, PASSWORD = "bench", "a password for this run alone"
DESK = "/desk"
TRANSPORTS = ["polling"]  # the client's WebSocket needs a newer aiohttp than Rasa allows; a browser's would be faster
_TOKEN = re.compile(r'name="csrftoken" value="([^"]+)"')
_LAST = re.compile(r'data-last="(\d+)"')


@dataclass
class Desk:
    """An advocate's browser, signed in; `nudges` are the desk's live events."""

    url: str
    http: aiohttp.ClientSession
    token: str
    nudges: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    seen: int = 0

    async def claim_next(self) -> int:
        """Claims the next conversation that asks for a human; its id. Raises Unanswered."""
        while (nudge := await self.nudge())["state"] != "queued":
            pass
        await self._post(f"/conversations/{nudge['id']}/claim")
        return int(nudge["id"])

    async def nudge(self) -> dict[str, Any]:
        """The next live event. Raises Unanswered."""
        try:
            return await asyncio.wait_for(self.nudges.get(), PATIENCE)
        except asyncio.TimeoutError:
            raise Unanswered("the desk was told nothing") from None

    async def fetch(self, conversation_id: int) -> str:
        """The new part of the transcript, as the desk's page fetches it."""
        path = f"{self.url}{DESK}/conversations/{conversation_id}/messages"
        async with self.http.get(path, params={"after": str(self.seen)}) as answer:
            page = await answer.text()
        if found := _LAST.search(page):
            self.seen = int(found[1])
        return page

    async def send(self, conversation_id: int, text: str) -> None:
        """Writes to the person. Raises Unanswered when the message is refused."""
        fields = {"text": text, "seen": str(self.seen), "client_id": str(uuid.uuid4())}
        await self._post(f"/conversations/{conversation_id}/messages", **fields)

    async def _post(self, path: str, **fields: str) -> None:
        data = {**fields, "csrftoken": self.token}
        async with self.http.post(self.url + DESK + path, data=data, allow_redirects=False) as answer:
            if answer.status >= 400:
                raise Unanswered(f"HTTP {answer.status} from the desk")


@dataclass(frozen=True)
class Relayed:
    """Seconds that messages took: until the advocate's page had them, and until they were at Twilio's API."""

    to_advocate: list[float]
    to_person: list[float]
    unanswered: int


async def measure(line: Line, person: Person, messages: int) -> Relayed:
    """Sends so many messages each way between one person and one advocate, one after the other.

    Raises Unanswered when the two cannot be brought together.
    """
    async with _desk(line) as desk:
        await line.network.text(person.phone, asks_for_a_human())
        conversation_id = await desk.claim_next()
        await line.drain(person.phone)
        relayed = Relayed([], [], 0)
        for number in range(messages):
            try:
                relayed.to_advocate.append(await _to_advocate(line, desk, person, conversation_id, number))
                relayed.to_person.append(await _to_person(line, desk, person, conversation_id, number))
            except Unanswered:
                relayed = replace(relayed, unanswered=relayed.unanswered + 1)
        return relayed


async def _to_advocate(line: Line, desk: Desk, person: Person, conversation_id: int, number: int) -> float:
    text = f"I am still here, message {number} of this conversation"
    sent, _ = await line.network.text(person.phone, text)
    while text not in await desk.fetch(conversation_id):
        while (await desk.nudge())["id"] != conversation_id:
            pass
    return time.monotonic() - sent


async def _to_person(line: Line, desk: Desk, person: Person, conversation_id: int, number: int) -> float:
    await desk.fetch(conversation_id)
    sent = time.monotonic()
    await desk.send(conversation_id, f"I am reading what you write, message {number}")
    return await line.network.arrival(person.phone) - sent


@asynccontextmanager
async def _desk(line: Line) -> AsyncIterator[Desk]:
    """A desk whose advocate exists only here."""
    await asyncio.to_thread(_make_advocate, line)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        await _sign_in(line.url, http)
        desk = Desk(line.url, http, await _form_token(http, f"{line.url}{DESK}/"))
        live = socketio.AsyncClient(reconnection=False)
        live.on("changed", desk.nudges.put, namespace=DESK)
        header = "; ".join(f"{cookie.key}={cookie.value}" for cookie in http.cookie_jar)
        try:
            await live.connect(line.url, headers={"Cookie": header}, namespaces=[DESK], transports=TRANSPORTS)
        except ConnectionError as error:
            raise Unanswered("the desk's live connection was refused") from error
        try:
            yield desk
        finally:
            await live.disconnect()


def _make_advocate(line: Line) -> None:
    own = Settings(_env_file=None, data_dir=line.folder, database_url="", keys_database_url="", keys=None)  # type: ignore[call-arg]
    opened = open_line(own)
    with opened.database.write() as session:
        advocates.add(session, LOGIN, "Bench")
        account = advocates.by_login(session, LOGIN)
        assert account
        advocates.set_password(session, account, PASSWORD)
    opened.database.close()


async def _sign_in(url: str, http: aiohttp.ClientSession) -> None:
    page = f"{url}{DESK}/login"
    form = {"login": LOGIN, "password": PASSWORD, "csrftoken": await _form_token(http, page)}
    async with http.post(page, data=form, allow_redirects=False) as answer:
        if answer.status != 303:
            raise Unanswered(f"HTTP {answer.status} from the desk's sign-in")


async def _form_token(http: aiohttp.ClientSession, url: str) -> str:
    """The token against cross-site requests in a page's forms."""
    async with http.get(url, headers={"accept": "text/html"}) as answer:
        found = _TOKEN.search(await answer.text())
    if not found:
        raise Unanswered("the desk's page has no form token")
    return found[1]
