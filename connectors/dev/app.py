"""What is mounted at `/dev` in development: a local Twilio, and the phone simulator that works through it."""

from starlette.applications import Starlette
from starlette.routing import Mount

from connectors.dev import phone
from connectors.dev.twilio_api import TwilioApi
from connectors.edge import Edge


def dev_app(edge: Edge) -> Starlette:
    """The app for `/dev`; its `state.twilio` is the local TwilioApi."""
    settings = edge.line.settings
    webhook = f"{settings.public}/sms/twilio"
    api = TwilioApi(settings.twilio_account_sid, settings.twilio_auth_token, webhook, pace=0.5)
    app = Starlette(routes=[*phone.routes(api, settings.twilio_from), Mount("/twilio", api.app)])
    app.state.twilio = api
    return app
