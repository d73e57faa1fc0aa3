"""Hands queued messages to Twilio, through the twilio library's REST client."""

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from connectors.sms.text import as_text
from helpline import outbox
from helpline.outbox import Letter
from helpline.settings import Settings

if TYPE_CHECKING:
    from connectors.edge import Edge

log = structlog.get_logger()

AT_ONCE = 16  # requests to Twilio at the same time, each for another recipient
LOOK_SECONDS = 1.0  # how often messages whose back-off has passed are looked for
TIMEOUT = 10.0  # seconds Twilio may take to answer


class TwilioClient(Client):
    """A client that leaves the address of the API as it was set, instead of composing region and edge into it."""

    def get_hostname(self, uri: str) -> str:
        return uri


def twilio_client(settings: Settings) -> Client:
    """A client of the API at `settings.twilio_api_url`; to be made inside the event loop."""
    http = AsyncTwilioHttpClient(timeout=TIMEOUT)
    client = TwilioClient(settings.twilio_account_sid, settings.twilio_auth_token, http_client=http)
    client.api.base_url = settings.twilio_api_url.rstrip("/")
    return client


class Sender:
    """Takes letters from the outbox, one at a time for each recipient, and hands them over."""

    def __init__(self, edge: "Edge") -> None:
        self._edge = edge
        self._wake = asyncio.Event()
        self._client: Any = None
        self._sending = 0

    @property
    def configured(self) -> bool:
        """Whether there is an account to send from; without one, messages wait."""
        return bool(self._edge.line.settings.twilio_account_sid and self._edge.line.settings.twilio_auth_token)

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def work(self) -> None:
        """Sends for as long as the edge runs."""
        if not self.configured:
            return
        self._client = twilio_client(self._edge.line.settings)
        while True:
            self._wake.clear()
            letters = await self._edge.commit(outbox.take, self._edge.line, AT_ONCE - self._sending)
            for letter in letters:
                self._sending += 1
                self._edge.spawn(self._deliver(letter))
            if not letters or self._sending >= AT_ONCE:
                await self._rest()

    async def _rest(self) -> None:
        """Waits for something to send, or for a place to send it; looks after back-offs now and then."""
        try:
            await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)
        except asyncio.TimeoutError:
            await self._edge.commit(outbox.resend_crisis, self._edge.line)

    async def _deliver(self, letter: Letter) -> None:
        try:
            await self._hand_over(letter)
        finally:
            self._sending -= 1
            self._wake.set()
        await self._edge.nudge_desks(letter.conversation_id)

    async def _hand_over(self, letter: Letter) -> None:
        line, commit = self._edge.line, self._edge.commit
        try:
            message = await self._client.messages.create_async(
                to=letter.recipient,
                from_=letter.sender,
                body=as_text(letter.body),
                status_callback=f"{line.settings.public}/sms/twilio/status?o={letter.id}",
            )
            await commit(outbox.accepted, line, letter.id, message.sid, message.status)
        except TwilioRestException as error:
            await self._answered_with_error(letter, error)
        except aiohttp.ClientConnectorError:
            await commit(outbox.refused, line, letter.id)
        except Exception as error:
            log.warning("the provider's answer was lost", outbox=letter.id, error=type(error).__name__)
            await commit(outbox.lost, line, letter.id)

    async def _answered_with_error(self, letter: Letter, error: TwilioRestException) -> None:
        line, commit = self._edge.line, self._edge.commit
        log.warning("the provider answered with an error", outbox=letter.id, status=error.status, code=error.code)
        if error.status == 429:
            await commit(outbox.refused, line, letter.id)
        elif error.status >= 500:
            await commit(outbox.lost, line, letter.id)
        else:
            await commit(outbox.rejected, line, letter.id, str(error.code or error.status))

    async def delete_copy(self, provider_id: str) -> bool:
        """Has Twilio delete its copy of a message; True once it is verified as gone."""
        if self._client is None:
            return False
        try:
            await self._client.messages(provider_id).delete_async()
            await self._client.messages(provider_id).fetch_async()
        except TwilioRestException as error:
            return bool(error.status == 404)
        except (aiohttp.ClientError, asyncio.TimeoutError):
            return False
        return False

    async def close(self) -> None:
        """Closes the connections to Twilio."""
        if self._client is not None:
            await self._client.http_client.session.close()
