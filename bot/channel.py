"""The edge's way into the engine: turn, parse, forget, ready. JSON over HTTP, one bearer token."""

import hmac
import json
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any

import structlog
from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, HTTPResponse, Request, response

from bot.failures import EngineFailure, where
from bot.turn import Incoming, parse, take_turn
from helpline.settings import settings

log = structlog.get_logger()

LONGEST_TEXT = 10_000  # characters
_FIELDS: dict[str, Any] = {
    "conversation": str,
    "message_id": str,
    "text": str,
    "payload": bool,
    "channel": str,
    "language": (str, type(None)),
    "country": (str, type(None)),
}
Handler = Callable[[Request, dict[str, Any]], Awaitable[dict[str, Any]]]


class Refused(Exception):
    """A request that is answered with an HTTP error."""

    def __init__(self, status: int, kind: str) -> None:
        super().__init__(kind)
        self.status = status


class EdgeChannel(InputChannel):
    """Rasa channel `edge`, at /webhooks/edge."""

    def __init__(self, token: str) -> None:
        self._token = token

    @classmethod
    def name(cls) -> str:
        return "edge"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        return cls((credentials or {}).get("token") or settings().engine_token)

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes; Rasa's `on_new_message` is not used, since it forgets what it answered."""
        routes = Blueprint("edge")
        for path, handler in (("turn", _turn), ("parse", _parse), ("forget", _forget)):
            routes.add_route(self._guarded(handler), f"/{path}", methods=["POST"], name=path)
        routes.add_route(self._guarded(_ready), "/ready", methods=["GET"], name="ready")
        return routes

    def _guarded(self, handler: Handler) -> Callable[[Request], Coroutine[Any, Any, HTTPResponse]]:
        """The handler behind the token, with every failure told as JSON without content."""

        @wraps(handler)
        async def guarded(request: Request) -> HTTPResponse:
            try:
                self._check_token(request)
                return response.json(await handler(request, _body(request)), ensure_ascii=False, dumps=json.dumps)
            except Refused as refused:
                return response.json({"error": str(refused)}, refused.status)
            except EngineFailure as failure:
                return response.json({"error": str(failure)}, 500)
            except Exception as error:
                log.error("request failed", path=request.path, error=where(error))
                return response.json({"error": type(error).__name__}, 500)

        return guarded

    def _check_token(self, request: Request) -> None:
        if not self._token or not hmac.compare_digest((request.token or "").encode(), self._token.encode()):
            raise Refused(401, "unauthorized")


def _body(request: Request) -> dict[str, Any]:
    if request.method == "GET":
        return {}
    try:
        body = json.loads(request.body)
    except ValueError:
        raise Refused(400, "malformed JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "malformed JSON")
    for name, value in body.items():
        if name in _FIELDS and not isinstance(value, _FIELDS[name]):
            raise Refused(400, f"wrong type of {name}")
    if len(body.get("text", "")) > LONGEST_TEXT:
        raise Refused(413, "text too long")
    return {name: value for name, value in body.items() if name in _FIELDS}


def _need(body: dict[str, Any], *names: str) -> None:
    missing = [name for name in names if name not in body]
    if missing:
        raise Refused(400, f"{missing[0]} is missing")


async def _turn(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    _need(body, "conversation", "message_id", "text")
    return await take_turn(request.app.ctx.agent, Incoming(**body))


async def _parse(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    _need(body, "text")
    return await parse(request.app.ctx.agent, body["text"], body.get("language"), body.get("country"))


async def _forget(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    _need(body, "conversation")
    agent = request.app.ctx.agent
    async with agent.lock_store.lock(body["conversation"]):
        await agent.tracker_store.forget(body["conversation"])
    return {"forgotten": True}


async def _ready(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return {"ready": request.app.ctx.agent.is_ready()}
