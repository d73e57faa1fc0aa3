"""The edge's ASGI application: every door on one port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import socketio
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from connectors import metrics
from connectors.desk.app import desk_app
from connectors.dev.app import dev_app
from connectors.edge import Edge
from connectors.headers import SecurityHeaders
from connectors.sms import webhooks
from connectors.web import chat, pages

log = structlog.get_logger()
STATIC = Path(__file__).parent / "static"


def create_app(edge: Edge) -> ASGIApp:
    """The whole edge: pages, webhooks, desk, live connections, health."""
    chat.register(edge)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await edge.start()
        yield
        await edge.stop()

    site = Starlette(
        routes=[Mount("/sms", Router(webhooks.routes(edge))), Mount("/", _site(edge))],
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={404: _not_found, 500: _failed},
        lifespan=lifespan,
    )
    return socketio.ASGIApp(edge.sio, site)


def _site(edge: Edge) -> ASGIApp:
    """What browsers and operators fetch, compressed; the webhooks need neither that nor its time."""
    return GZipMiddleware(Router(_routes(edge)), minimum_size=800)


def _routes(edge: Edge) -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        *pages.routes(edge),
        *_health(edge),
        Mount("/desk", desk_app(edge)),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    if edge.line.settings.dev:
        routes.append(Mount("/dev", dev_app(edge)))
    return routes


def _health(edge: Edge) -> list[Route]:
    async def health(_request: Request) -> Response:
        try:
            await edge.read(_touch)
        except SQLAlchemyError:
            return JSONResponse({"status": "the database does not answer"}, 503)
        return JSONResponse({"status": "ok"})

    async def ready(_request: Request) -> Response:
        if edge.engine.ready:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "the engine has not answered yet"}, 503)

    async def figures(_request: Request) -> Response:
        await edge.read(metrics.measure)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/health", health), Route("/ready", ready), Route("/metrics", figures)]


def _touch(session: Session) -> None:
    session.execute(text("SELECT 1"))


async def _not_found(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("There is nothing here.", 404)


async def _failed(request: Request, error: Exception) -> Response:
    log.error("request failed", path=request.url.path, error=type(error).__name__)
    return PlainTextResponse("Something went wrong on our side. Please try again.", 500)
