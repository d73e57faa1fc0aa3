"""A health check that names what is wrong and how to mend it."""

import stat
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from helpline import sentences
from helpline.database import Database
from helpline.line import open_line
from helpline.safety import BadPattern, lexicons
from helpline.settings import Settings

PROBE_SECONDS = 3


@dataclass(frozen=True)
class Finding:
    """One thing looked at: what was found, and how to mend it when something is wrong."""

    what: str
    mend: str = ""
    bad: bool = False

    @property
    def mark(self) -> str:
        """`ok`, `note` or `BAD`, four wide."""
        return "BAD " if self.bad else "note" if self.mend else "ok  "


def examine(settings: Settings) -> list[Finding]:
    """Everything the helpline needs, looked at in turn; never raises."""
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _data_dir, _keys, _database, _languages, _model, _twilio, _processes,
    )  # fmt: skip
    return [finding for check in checks for finding in check(settings)]


def _data_dir(settings: Settings) -> Iterator[Finding]:
    if settings.data_dir.is_dir():
        yield Finding(f"data folder {settings.data_dir}")
    else:
        yield Finding(f"no data folder {settings.data_dir}", "start with `havenline up` once", bad=True)


def _keys(settings: Settings) -> Iterator[Finding]:
    ring = settings.key_ring
    if not ring.exists():
        yield Finding("no key ring", "it is made at the first start; keep a copy of it away from the database backups")
    elif stat.S_IMODE(ring.stat().st_mode) & 0o077:
        yield Finding("others can read the key ring", f"chmod 600 {ring}", bad=True)
    else:
        yield Finding("key ring, readable by this user alone")


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        tables = inspect(Database(settings.database).engine).get_table_names()
        if "conversation" not in tables:
            yield Finding("the database has no tables", "start with `havenline up`, or `havenline edge`", bad=True)
            return
        with open_line(settings).database.read() as session:
            session.connection()
        yield Finding("database answers")
    except (SQLAlchemyError, OSError) as error:
        name = type(error).__name__
        yield Finding(f"the database does not answer ({name})", "check HAVENLINE_DATABASE_URL", bad=True)


def _languages(settings: Settings) -> Iterator[Finding]:
    try:
        with_lexicon = {lexicon.language for lexicon in lexicons()}
    except (BadPattern, KeyError, OSError) as error:
        yield Finding(f"a safety lexicon cannot be read: {error}", "mend the file in data/safety", bad=True)
        return
    without = sorted(set(sentences.languages()) - with_lexicon)
    if without:
        yield Finding(f"no safety lexicon for {', '.join(without)}", "add data/safety/<language>.yml", bad=True)
    yield Finding(f"languages: {', '.join(sentences.languages())}")


def _model(settings: Settings) -> Iterator[Finding]:
    if any(settings.models.glob("*.tar.gz")):
        yield Finding("a trained model")
    else:
        yield Finding("no trained model", "havenline train", bad=True)


def _twilio(settings: Settings) -> Iterator[Finding]:
    if not (settings.twilio_account_sid and settings.twilio_auth_token):
        yield Finding(
            "SMS is off: no Twilio account",
            "set HAVENLINE_TWILIO_ACCOUNT_SID, HAVENLINE_TWILIO_AUTH_TOKEN and HAVENLINE_PUBLIC_URL",
        )
    elif not settings.public_url.startswith("https://") and not settings.dev:
        yield Finding("HAVENLINE_PUBLIC_URL is not https", "set it to the address Twilio calls, exactly", bad=True)
    else:
        yield Finding(f"Twilio account set; its webhook is {settings.public}/sms/twilio")


def _processes(settings: Settings) -> Iterator[Finding]:
    for name, path in (("edge", "/health"), ("engine", "/ready")):
        url = f"http://{settings.host}:{settings.port}{path}"
        if _answers(url):
            yield Finding(f"{name} answers")
        else:
            yield Finding(f"{name} does not answer", f"start it with `havenline up` (asked {url})", bad=True)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=PROBE_SECONDS) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
