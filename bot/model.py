"""The trained model: is it up to date, train it, find it. Importing this does not import TensorFlow."""

import contextlib
import hashlib
import logging
import os
import re
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.logs import quiet_logs
from helpline.settings import PROJECT, settings

CONFIG = PROJECT / "bot" / "config.yml"
DOMAIN = PROJECT / "bot" / "domain"
DATA = (PROJECT / "data" / "nlu", PROJECT / "data" / "rules")
_CODE = (PROJECT / "bot" / "components", PROJECT / "helpline" / "text.py")
_STARTED = re.compile(r"Starting to train component '(\w+)'")
_FINISHED = re.compile(r"Finished training component '(\w+)'")


class NoModel(Exception):
    """There is no trained model."""


class TrainingFailed(Exception):
    """Rasa trained nothing; the text says why."""


def fingerprint() -> str:
    """A short hash of everything that shapes the model: data, rules, domain, configuration, components."""
    digest = hashlib.sha256()
    for file in sorted(_sources()):
        digest.update(str(file.relative_to(PROJECT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _sources() -> Iterator[Path]:
    for path in (CONFIG, DOMAIN, *DATA, *_CODE):
        yield from (path.rglob("*.[yp][my]*") if path.is_dir() else [path])


def _file(mark: str) -> Path:
    return settings().models / f"havenline-{mark}.tar.gz"


def needs_training() -> bool:
    """Whether there is no model of the present data."""
    return not _file(fingerprint()).exists()


def newest() -> Path:
    """The newest model. Raises NoModel."""
    models = sorted(settings().models.glob("*.tar.gz"), key=lambda file: file.stat().st_mtime)
    if not models:
        raise NoModel(f"no trained model in {settings().models}: run `havenline train` first")
    return models[-1]


def train(progress: Callable[[str], None]) -> Path:
    """Trains a model of the present data into the models folder and removes older ones; takes a minute or so.

    Calls `progress` with a line for each step. Raises TrainingFailed.
    """
    prepare_rasa()
    quiet_logs()
    progress("loading Rasa")
    from rasa.model_training import train as rasa_train

    target = _file(fingerprint())
    target.parent.mkdir(parents=True, exist_ok=True)
    progress("reading the training data")
    with _reported(progress), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Rasa's reminders and scikit-learn's about iterations
        result = rasa_train(
            domain=str(DOMAIN),
            config=str(CONFIG),
            training_files=[str(path) for path in DATA],
            output=str(target.parent),
            fixed_model_name=target.name,
            force_training=True,
        )
    if result.code or not target.exists():
        raise TrainingFailed("Rasa wrote no model; its reason stands above")
    for old in target.parent.glob("havenline-*.tar.gz"):
        if old != target:
            old.unlink()
    return target


def prepare_rasa() -> None:
    """Settings that Rasa reads from the environment: no telemetry, no error reporting, no cache, no bars."""
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ["RASA_MAX_CACHE_SIZE"] = "0"
    os.environ["LOG_LEVEL"] = "ERROR"  # Rasa's progress bars
    os.environ["SQLALCHEMY_SILENCE_UBER_WARNING"] = "1"  # Rasa's own code, not ours
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")


class _Reporter(logging.Handler):
    """Turns Rasa's lines about components into progress with seconds."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self._progress = progress
        self._since = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if started := _STARTED.search(text):
            self._since = time.monotonic()
            self._progress(f"training {started[1]}")
        elif finished := _FINISHED.search(text):
            self._progress(f"trained {finished[1]} in {time.monotonic() - self._since:.1f} s")


@contextlib.contextmanager
def _reported(progress: Callable[[str], None]) -> Iterator[None]:
    hooks = logging.getLogger("rasa.engine.training.hooks")
    reporter = _Reporter(progress)
    level, hooks.propagate = hooks.level, False
    hooks.addHandler(reporter)
    hooks.setLevel(logging.INFO)
    try:
        yield
    finally:
        hooks.removeHandler(reporter)
        hooks.setLevel(level)
        hooks.propagate = True
