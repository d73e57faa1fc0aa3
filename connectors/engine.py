"""The way to the engine over HTTP: a turn, a turn-free judgement, and forgetting a tracker."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import aiohttp

from helpline.dialogue import Question, Reply, Turn
from helpline.messages import Button
from helpline.settings import Settings

_PROBE = aiohttp.ClientTimeout(total=2)  # seconds that "are you there" may take
_UNREACHED = (aiohttp.ClientError, asyncio.TimeoutError)


class EngineDown(Exception):
    """The engine cannot be reached, or did not answer in time."""


class EngineWrong(Exception):
    """The engine answered this message with an error or with nothing usable."""


@dataclass(frozen=True)
class Judgement:
    """The engine's full reading of one message, without a turn."""

    language: str | None
    safety: str
    words: tuple[str, ...]


class Engine:
    """A client of the engine's edge channel; `ready` is whether its latest answer was one."""

    def __init__(self, settings: Settings) -> None:
        self._base = f"{settings.engine_url.rstrip('/')}/webhooks/edge"
        self._headers = {"Authorization": f"Bearer {settings.engine_token}"}
        self._timeout = aiohttp.ClientTimeout(total=settings.engine_timeout)
        self._session: aiohttp.ClientSession | None = None
        self.ready = False

    @property
    def _http(self) -> aiohttp.ClientSession:
        """The connections; opened inside the event loop, as aiohttp wants it."""
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self._headers, timeout=self._timeout)
        return self._session

    async def turn(self, question: Question) -> Turn:
        """The engine's answer. Raises EngineDown or EngineWrong."""
        data = await self._post(
            "/turn",
            {
                "conversation": question.key_id,
                "message_id": question.message_id,
                "text": question.text,
                "payload": question.payload,
                "channel": question.channel,
                "language": question.language,
                "country": question.country,
            },
        )
        try:
            return _turn(data)
        except (KeyError, TypeError, ValueError) as error:
            raise EngineWrong("an answer of the wrong form") from error

    async def judge(self, text: str, language: str | None, country: str | None) -> Judgement:
        """The engine's reading of a message that is not for the dialogue. Raises EngineDown or EngineWrong."""
        data = await self._post("/parse", {"text": text, "language": language, "country": country})
        return Judgement(data.get("language"), data.get("safety", "none"), tuple(data.get("words", ())))

    async def forget(self, key_id: str) -> None:
        """Has the engine delete a tracker. Raises EngineDown or EngineWrong."""
        await self._post("/forget", {"conversation": key_id})

    async def probe(self) -> bool:
        """Whether the engine answers now; also keeps `ready` up to date."""
        try:
            async with self._http.get(f"{self._base}/ready", timeout=_PROBE) as answer:
                self.ready = answer.status == 200 and bool((await answer.json()).get("ready"))
        except (*_UNREACHED, ValueError):
            self.ready = False
        return self.ready

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            async with self._http.post(self._base + path, json=body) as answer:
                status, content = answer.status, await answer.read()
        except _UNREACHED as error:
            self.ready = False
            raise EngineDown(type(error).__name__) from error
        if status in (502, 503, 504):
            raise EngineDown(f"HTTP {status}")
        if status != 200:
            raise EngineWrong(f"HTTP {status}")
        self.ready = True
        try:
            data: dict[str, Any] = json.loads(content)
        except ValueError as error:
            raise EngineWrong("an answer that is not JSON") from error
        return data

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()


def _turn(data: dict[str, Any]) -> Turn:
    replies = tuple(_reply(reply) for reply in data["replies"])
    commands = tuple(data["commands"])
    if not replies and not commands:
        raise ValueError("an empty answer")
    judged = data.get("safety") or {}
    return Turn(replies, commands, data.get("language"), judged.get("level", "none"), tuple(judged.get("words", ())))


def _reply(reply: dict[str, Any]) -> Reply:
    buttons = tuple(Button(button["title"], button["payload"]) for button in reply.get("buttons", ()))
    return Reply(reply["text"], buttons, reply.get("kind", "ordinary"))
