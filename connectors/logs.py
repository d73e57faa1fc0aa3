"""The edge's logs: one JSON object a line, events and ids, never content."""

import logging
import sys

import structlog


def configure(level: str) -> None:
    """Structured lines on stderr; libraries only from WARNING, since Twilio's logs what it sends."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
