"""What the edge counts, for Prometheus: figures only, nothing about a person."""

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpline import outbox
from helpline.models import Conversation

MESSAGES = Counter("havenline_messages_total", "Messages accepted from people", ["channel", "duplicate"])
REFUSED = Counter("havenline_refused_total", "Requests refused at the door", ["reason"])
TURN_SECONDS = Histogram(
    "havenline_turn_seconds", "Time the engine took for a turn", buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 10)
)
ENGINE_FAILURES = Counter("havenline_engine_failures_total", "Turns the engine did not answer", ["kind"])
ENGINE_READY = Gauge("havenline_engine_ready", "1 when the engine answered last time")
CONVERSATIONS = Gauge("havenline_conversations", "Conversations by state", ["state"])
OUTBOX = Gauge("havenline_outbox", "Messages queued out, by status", ["status"])


def measure(session: Session) -> None:
    """Brings the gauges up to date from the database."""
    query = select(Conversation.state, func.count(Conversation.id)).group_by(Conversation.state)
    found = {state: count for state, count in session.execute(query)}
    for state in ("bot", "queued", "human", "closed"):
        CONVERSATIONS.labels(state).set(found.get(state, 0))
    for status, count in outbox.counts(session).items():
        OUTBOX.labels(status).set(count)
