"""The phone simulator: what is written in it reaches the webhook, and what the line sends is shown."""

import re
from collections.abc import Iterator
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.dev import phone
from connectors.dev.local_server import running
from connectors.dev.twilio_api import TwilioApi

ACCOUNT, TOKEN = "AC" + "1" * 32, "local-token"
LINE, PERSON = "+12025550100", "+447700900123"
FICTION = re.compile(r"\+1\d{3}55501\d\d|\+447700900\d{3}|\+336399800\d\d|\+61491570006")


@pytest.fixture
def world() -> Iterator[SimpleNamespace]:
    """The simulator's site, the local Twilio behind it, and a webhook that answers with `status`."""
    noted = SimpleNamespace(forms=[], status=200)

    async def webhook(request: Request) -> Response:
        noted.forms.append(dict(await request.form()))
        return Response("as told", noted.status)

    api = TwilioApi(ACCOUNT, TOKEN, pace=0)
    site = Starlette(routes=phone.routes(api, LINE))
    hook = Starlette(routes=[Route("/sms/twilio", webhook, methods=["POST"])])
    with running(site) as url, running(hook) as hook_url:
        api.webhook_url = f"{hook_url}/sms/twilio"
        noted.api, noted.client = api, httpx.Client(base_url=url)
        yield noted


def write(world: SimpleNamespace, number: str = PERSON, **changed: object) -> httpx.Response:
    written = {"from": number, "whatsapp": False, "body": "Hello", "media": False} | changed
    return world.client.post("/phone/texts", json=written)


def test_a_text_reaches_the_line_and_is_shown(world):
    assert write(world, "+44 7700 900123", media=True).status_code == 200
    assert (world.forms[0]["From"], world.forms[0]["To"], world.forms[0]["NumMedia"]) == (PERSON, LINE, "1")
    shown = world.client.get("/phone/texts").json()
    assert [(text["person"], text["body"], text["inbound"]) for text in shown] == [(PERSON, "Hello", True)]


def test_whatsapp_goes_to_the_whatsapp_address(world):
    write(world, whatsapp=True)
    assert (world.forms[0]["From"], world.forms[0]["To"]) == (f"whatsapp:{PERSON}", f"whatsapp:{LINE}")


def test_what_twilio_tells_a_person_is_theirs(world):
    write(world, body="STOP")
    told = world.client.get("/phone/texts").json()[1]
    assert (told["person"], told["inbound"], told["carrier"]) == (PERSON, False, True)


def test_a_number_that_is_none_is_refused(world):
    answer = write(world, "07700 900123")
    assert answer.status_code == 400 and "country code" in answer.json()["problem"]
    assert world.forms == []


def test_a_refusal_of_the_line_is_told(world):
    world.status = 403
    assert "403 as told" in write(world).json()["problem"]


def test_a_line_that_is_down_is_told(world):
    world.api.webhook_url = "http://127.0.0.1:9/sms/twilio"
    assert "did not answer" in write(world).json()["problem"]


def test_the_page_offers_only_numbers_kept_for_fiction(world):
    page = world.client.get("/phone").text
    offered = re.findall(r'name="number" value="(\+\d+)"', page)
    assert len(offered) == 6
    assert [number for number in offered if not FICTION.fullmatch(number)] == []
