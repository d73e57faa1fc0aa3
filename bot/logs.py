"""Logs of the engine: structured, on stderr, without content."""

import logging
import sys
from types import TracebackType

import structlog

from bot.failures import where
from helpline.settings import settings


class _Contentless(logging.Formatter):
    """Exceptions by type and place only: their texts may hold what a person wrote."""

    def formatException(  # noqa: N802 - logging's name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return where(ei[1]) if ei[1] else ""


def quiet_logs() -> None:
    """Our lines from the level of the settings, never below INFO; Rasa's from WARNING: its others print messages."""
    level = max(logging.INFO, logging.getLevelName(settings().log_level))
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.ERROR)  # deprecations inside Rasa's frozen dependencies
    handler = logging.StreamHandler()
    handler.setFormatter(_Contentless("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
