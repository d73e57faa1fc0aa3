"""What the person is saying: one intent with a confidence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier as RasaIntentClassifier
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.special import softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from helpline.text import fold


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(GraphComponent, RasaIntentClassifier):
    """Logistic regression over character n-grams of the folded text, the same for every language."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"ngrams": [2, 4], "min_df": 2, "c": 20.0, "max_iter": 60, "ranking_length": 3}

    def __init__(
        self, config: dict[str, Any], storage: ModelStorage, resource: Resource, scorer: Scorer | None = None
    ) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._scorer = scorer

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentClassifier:
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fits the model on every example that has an intent and stores it."""
        examples = [example for example in training_data.intent_examples if example.get("text")]
        texts = [fold(example.get("text")) for example in examples]
        self._scorer = _fit(texts, [example.get("intent") for example in examples], self._config)
        self.persist()
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing after this component reads its judgement of training examples."""
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets `intent` and `intent_ranking` (the best few)."""
        if self._scorer is None:
            return messages
        for message in messages:
            chances = self._scorer.chances(fold(message.get("text") or ""))
            best = chances.argsort()[::-1][: self._config["ranking_length"]]
            ranking = [{"name": self._scorer.intents[i], "confidence": float(chances[i])} for i in best]
            message.set("intent", dict(ranking[0]), add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
        return messages

    def persist(self) -> None:
        with self._storage.write_to(self._resource) as folder:
            self._scorer.save(folder)  # type: ignore[union-attr]

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> IntentClassifier:
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, Scorer.load(folder, config))


@dataclass(frozen=True)
class Scorer:
    """A fitted model: one row of weights for each n-gram, one column for each intent."""

    grams: TfidfVectorizer
    weights: np.ndarray[Any, Any]
    bias: np.ndarray[Any, Any]
    intents: list[str]

    def chances(self, text: str) -> np.ndarray[Any, Any]:
        """The probability of each intent for a folded text; all alike when nothing in it was seen before."""
        row = self.grams.transform([text])
        if not row.nnz:
            return np.full(len(self.intents), 1 / len(self.intents))
        return np.asarray(softmax(row.data @ self.weights[row.indices] + self.bias))

    def save(self, folder: Path) -> None:
        """Plain JSON and arrays: nothing that runs when it is loaded."""
        grams = sorted(self.grams.vocabulary_, key=self.grams.vocabulary_.__getitem__)
        (folder / "names.json").write_text(json.dumps({"grams": grams, "intents": self.intents}))
        np.savez(folder / "weights.npz", weights=self.weights, bias=self.bias, idf=self.grams.idf_)

    @classmethod
    def load(cls, folder: Path, config: dict[str, Any]) -> Scorer:
        """The model that `save` wrote with the same configuration."""
        names = json.loads((folder / "names.json").read_text())
        arrays = np.load(folder / "weights.npz")
        grams = _vectorizer(config, {gram: index for index, gram in enumerate(names["grams"])})
        grams.idf_ = arrays["idf"]
        return cls(grams, arrays["weights"], arrays["bias"], names["intents"])


def _vectorizer(config: dict[str, Any], vocabulary: dict[str, int] | None = None) -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=tuple(config["ngrams"]),
        min_df=config["min_df"],
        sublinear_tf=True,
        lowercase=False,
        dtype=np.float32,
        vocabulary=vocabulary,
    )


def _fit(texts: list[str], intents: list[str], config: dict[str, Any]) -> Scorer:
    grams = _vectorizer(config)
    model = LogisticRegression(C=config["c"], max_iter=config["max_iter"], tol=1e-3)
    model.fit(grams.fit_transform(texts), intents)
    return Scorer(grams, model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32), list(model.classes_))
