"""Places and countries that a message names, through the gazetteer."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message

from helpline.places.gazetteer import open_gazetteer
from helpline.places.model import KIND_CITY, Mention


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class PlaceExtractor(GraphComponent):
    """Adds entities `place` (value: GeoNames id) and `country` (value: ISO 3166-1).

    A message that is little more than a place, and that the classifier is unsure of, becomes `inform_location`.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "share": 0.6,  # of the letters: from here on a message is little more than a place
            "unsure": 0.7,  # confidence below which such a message becomes `intent`
            "intent": "inform_location",
            "candidates": 4,  # places offered when several have the name
        }

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> PlaceExtractor:
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Appends the entities and, where they are nearly all there is, sets the intent."""
        for message in messages:
            text = message.get("text") or ""
            mentions = self._find(text, message.get("metadata") or {})
            entities = [self._entity(mention) for mention in mentions]
            message.set("entities", message.get("entities", []) + entities, add_to_output=True)
            if mentions and self._is_only_place(text, mentions, message.get("intent") or {}):
                message.set("intent", {"name": self._config["intent"], "confidence": self._config["unsure"]}, True)
        return messages

    @staticmethod
    def _find(text: str, about: dict[str, Any]) -> list[Mention]:
        language = about.get("language")
        return open_gazetteer().find(
            text,
            country=about.get("country"),
            asked=about.get("question") == "place",
            **({"language": language} if language else {}),
        )

    def _is_only_place(self, text: str, mentions: list[Mention], intent: dict[str, Any]) -> bool:
        letters = sum(1 for letter in text if letter.isalnum())
        placed = sum(1 for mention in mentions for letter in text[mention.start : mention.end] if letter.isalnum())
        unsure = intent.get("confidence", 0.0) < self._config["unsure"]
        return bool(unsure and placed >= self._config["share"] * letters)

    def _entity(self, mention: Mention) -> dict[str, Any]:
        best = mention.best
        town = mention.kind == KIND_CITY
        entity: dict[str, Any] = {
            "entity": "place" if town else "country",
            "value": str(best.geonameid) if town else best.country,
            "start": mention.start,
            "end": mention.end,
            "extractor": "PlaceExtractor",
            "name": best.name,
            "latitude": best.latitude,
            "longitude": best.longitude,
            "country": best.country,
            "ambiguous": mention.ambiguous,
        }
        if mention.ambiguous:
            entity["role"] = "ambiguous"
            entity["candidates"] = [str(c.geonameid) for c in mention.candidates[: self._config["candidates"]]]
        return entity
