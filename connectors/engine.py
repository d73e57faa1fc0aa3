"""The way to the engine over HTTP: a turn, a turn-free judgement, and forgetting a tracker."""

from dataclasses import dataclass
from typing import Any

import httpx

from helpline.dialogue import Question, Reply, Turn
from helpline.messages import Button
from helpline.settings import Settings

PROBE_SECONDS = 2.0  # how long "are you there" may take


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
        self._http = httpx.AsyncClient(
            base_url=f"{settings.engine_url.rstrip('/')}/webhooks/edge",
            headers={"Authorization": f"Bearer {settings.engine_token}"},
            timeout=settings.engine_timeout,
            limits=httpx.Limits(max_keepalive_connections=20, keepalive_expiry=20),
        )
        self.ready = False

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
            answer = await self._http.get("/ready", timeout=PROBE_SECONDS)
            self.ready = answer.status_code == 200 and bool(answer.json().get("ready"))
        except (httpx.HTTPError, ValueError):
            self.ready = False
        return self.ready

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._http.post(path, json=body)
        except httpx.HTTPError as error:
            self.ready = False
            raise EngineDown(type(error).__name__) from error
        if answer.status_code in (502, 503, 504):
            raise EngineDown(f"HTTP {answer.status_code}")
        if answer.status_code != 200:
            raise EngineWrong(f"HTTP {answer.status_code}")
        self.ready = True
        try:
            data: dict[str, Any] = answer.json()
        except ValueError as error:
            raise EngineWrong("an answer that is not JSON") from error
        return data

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()


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
