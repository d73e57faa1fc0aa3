"""How much danger a message speaks of: the lexicon's judgement and the classifier's, whichever is graver."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message

from helpline.safety import assess

LEVELS = ("none", "concern", "urgent", "imminent")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class SafetyAssessor(GraphComponent):
    """Sets `safety` ({"level", "words"}); a crisis that only the lexicon saw replaces the intent."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "confidence": 0.5,  # a classifier's crisis counts from here on
            "levels": {},  # crisis intent -> level
            "concern": [],  # intents, or beginnings of intents, that mean concern
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
    ) -> SafetyAssessor:
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets `safety`, and `intent` where the lexicon knows better."""
        for message in messages:
            found = assess(message.get("text") or "")
            intent = message.get("intent") or {"name": None, "confidence": 0.0}
            level = max(found.level, self._level(intent), key=LEVELS.index)
            message.set("safety", {"level": level, "words": list(found.words)}, add_to_output=True)
            replaced = self._replacement(found, intent)
            if replaced:
                message.set("intent", {"name": replaced, "confidence": 1.0}, add_to_output=True)
        return messages

    def _level(self, intent: dict[str, Any]) -> str:
        name = intent.get("name") or ""
        if name in self._config["levels"] and intent.get("confidence", 0.0) >= self._config["confidence"]:
            return str(self._config["levels"][name])
        concerned = name.startswith(tuple(self._config["concern"]) or ("\0",))
        return "concern" if concerned or name in self._config["levels"] else "none"

    def _replacement(self, found: Any, intent: dict[str, Any]) -> str | None:
        if found.cannot_talk:
            return "cannot_talk"
        chosen = intent.get("name") in self._config["levels"]
        return found.intent if found.level in ("urgent", "imminent") and not chosen else None
