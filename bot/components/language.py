"""The language of a message."""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import regex
from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import LangDetectException
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.tokenizer import words
from bot.language_names import named
from helpline.text import fold

FILE = "words.json"
_LETTER = regex.compile(r"\p{L}")
_SEED = 0  # langdetect draws at random otherwise
Shares = dict[str, dict[str, float]]  # word -> language -> the language's share of the word's uses


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class LanguageIdentifier(GraphComponent):
    """Sets `language`: the message's own, or the conversation's where the message is too short to tell.

    First by script, then by the words of our own training data, last by langdetect, which alone knows
    languages we do not serve. Adds an entity `language` for every language that the message names.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "profiles": [],  # langdetect's languages to tell apart
            "scripts": {},  # Unicode script -> the language it decides by itself
            "known": 0.6,  # mean share of the words from which on our own data decides
            "words_alone": 3,  # a message with fewer words does not change the conversation's language
            "confidence": 0.7,  # langdetect's, needed to believe it
        }

    def __init__(
        self, config: dict[str, Any], storage: ModelStorage, resource: Resource, shares: Shares | None = None
    ) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._shares = shares or {}
        self._scripts = [(regex.compile(rf"\p{{{script}}}"), code) for script, code in config["scripts"].items()]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LanguageIdentifier:
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Counts the words of each language of the training data (metadata `language`) and stores their shares."""
        self._shares = _shares(
            (code, example.get("text") or "")
            for example in training_data.intent_examples
            if (code := _declared(example))
        )
        self.persist()
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets `language` (ISO 639-1 or None) and appends `language` entities."""
        for message in messages:
            text = message.get("text") or ""
            before = (message.get("metadata") or {}).get("language")
            message.set("language", self.identify(text, before), add_to_output=True)
            found = [
                {"entity": "language", "value": code, "start": start, "end": end, "extractor": "LanguageIdentifier"}
                for code, start, end in named(text)
            ]
            message.set("entities", message.get("entities", []) + found, add_to_output=True)
        return messages

    def identify(self, text: str, before: str | None = None) -> str | None:
        """The text's language; `before` is the conversation's, which short texts do not change."""
        said = [word for word, _ in words(fold(text)) if _LETTER.search(word)]
        if not said:
            return before
        by_script = self._by_script(text)
        if before and len(said) < self._config["words_alone"] and not by_script:
            return before
        return by_script or self._by_words(said, before) or self._by_profile(text, said) or before

    def _by_script(self, text: str) -> str | None:
        letters = _LETTER.findall(text)
        for script, code in self._scripts:
            if 2 * sum(1 for letter in letters if script.match(letter)) > len(letters):
                return str(code)
        return None

    def _by_words(self, said: list[str], before: str | None) -> str | None:
        totals: Counter[str] = Counter()
        for word in said:
            totals.update(self._shares.get(word, {}))
        if not totals:
            return None
        best = max(totals, key=lambda code: (totals[code], code == before))
        return best if totals[best] >= self._config["known"] * len(said) else None

    def _by_profile(self, text: str, said: list[str]) -> str | None:
        if len(said) < self._config["words_alone"] and text.isascii():
            return None
        detector = _factory(tuple(self._config["profiles"])).create()
        detector.append(text.lower())
        try:
            best = detector.get_probabilities()[0]
        except (LangDetectException, IndexError):
            return None
        return best.lang.split("-")[0] if best.prob >= self._config["confidence"] else None

    def persist(self) -> None:
        with self._storage.write_to(self._resource) as folder:
            (folder / FILE).write_text(json.dumps(self._shares, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LanguageIdentifier:
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, json.loads((folder / FILE).read_text(encoding="utf-8")))


def _declared(example: Message) -> str | None:
    code: str | None = ((example.get("metadata") or {}).get("intent") or {}).get("language")
    return code


def _shares(texts: Any) -> Shares:
    counts: dict[str, Counter[str]] = {}
    totals: Counter[str] = Counter()
    for code, text in texts:
        for word, _ in words(fold(text)):
            counts.setdefault(word, Counter())[code] += 1
            totals[code] += 1
    return {word: _normalised({code: n / totals[code] for code, n in by.items()}) for word, by in counts.items()}


def _normalised(rates: dict[str, float]) -> dict[str, float]:
    return {code: round(rate / sum(rates.values()), 3) for code, rate in rates.items()}


@lru_cache
def _factory(profiles: tuple[str, ...]) -> DetectorFactory:
    factory = DetectorFactory()
    factory.set_seed(_SEED)
    names = profiles or tuple(sorted(path.name for path in Path(PROFILES_DIRECTORY).iterdir()))
    factory.load_json_profile([(Path(PROFILES_DIRECTORY) / name).read_text("utf-8") for name in names])
    return factory
