"""The desk as an ASGI app, to be mounted at `/desk`."""

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.desk import accounts, conversation, live
from connectors.desk.attempts import Attempts
from connectors.desk.problems import HANDLERS
from connectors.desk.protection import protect
from connectors.desk.session import SignedIn, signed_in
from connectors.edge import Edge

ONE = "/conversations/{id}"


def desk_app(edge: Edge) -> ASGIApp:
    """The desk's pages and actions; its live part joins the edge's Socket.IO server."""
    app = Starlette(routes=_routes(), exception_handlers=HANDLERS)
    app.state.edge = edge
    app.state.attempts = Attempts()
    live.attach(edge)
    return protect(app, edge.line)


def _routes() -> list[Route]:
    return [
        Route("/login", accounts.show_login, methods=["GET"]),
        Route("/login", accounts.log_in, methods=["POST"]),
        Route("/password", signed_in(accounts.show_password, password_due=True), methods=["GET"]),
        Route("/password", signed_in(accounts.change_password, password_due=True), methods=["POST"]),
        Route("/logout", signed_in(accounts.log_out, password_due=True), methods=["POST"]),
        _post("/language", accounts.set_language),
        _get("/", conversation.home),
        _get("/queue", conversation.queue),
        _get(ONE, conversation.show),
        _get(f"{ONE}/panel", conversation.panel),
        _get(f"{ONE}/messages", conversation.messages),
        _post(f"{ONE}/messages", conversation.send),
        _post(f"{ONE}/claim", conversation.claim),
        _post(f"{ONE}/return", conversation.leaving("bot", "line_returned", "returned")),
        _post(f"{ONE}/requeue", conversation.leaving("queued", "line_requeued", "requeued")),
        _post(f"{ONE}/close", conversation.leaving("closed", "line_closed", "closed")),
    ]


def _get(path: str, endpoint: SignedIn) -> Route:
    return Route(path, signed_in(endpoint), methods=["GET"])


def _post(path: str, endpoint: SignedIn) -> Route:
    return Route(path, signed_in(endpoint), methods=["POST"])
