"""Sentences for Rasa: the responses of the domain name sentences of the catalogues."""

from typing import Any

from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from actions.conversation import SHORT_CHANNELS, language_of
from bot.failures import EngineFailure
from helpline.sentences import UnknownSentence, say


class CatalogueGenerator(TemplatedNaturalLanguageGenerator):
    """Turns a response's `text` and button titles, which are keys, into sentences in the conversation's language.

    A subclass of Rasa's, because the agent hands the domain's responses to those only.
    """

    def __init__(self, endpoint_config: EndpointConfig | None = None, domain: Domain | None = None) -> None:
        super().__init__(domain.responses if domain else {})

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any]:
        """The response with text and titles said. Raises EngineFailure for an unknown response or sentence."""
        response: dict[str, Any] | None = await super().generate(utter_action, tracker, output_channel, **kwargs)
        if response is None:
            raise EngineFailure(f"no response {utter_action}")
        language = language_of(event.as_dict() for event in reversed(tracker.events))
        about = tracker.latest_message.metadata if tracker.latest_message else None
        short = (about or {}).get("channel") in SHORT_CHANNELS
        values = {name: value for name, value in kwargs.items() if name not in ("text", "buttons", "custom")}
        try:
            response["text"] = say(response["text"], language, short, **values)
            for button in response.get("buttons") or []:
                button["title"] = say(button["title"], language, short, **values)
        except KeyError as error:
            kind = "sentence" if isinstance(error, UnknownSentence) else "value in the sentence of"
            raise EngineFailure(f"no {kind} {utter_action}") from None
        return response
