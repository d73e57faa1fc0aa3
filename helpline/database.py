"""Databases: SQLite in WAL mode by default, PostgreSQL by URL.

Write transactions start with BEGIN IMMEDIATE, so that two processes can write one file
(SQLAlchemy's deferred default gave duplicate sequences or "database is locked" there).
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timezone
from pathlib import Path
from threading import Lock, local
from typing import Any

from sqlalchemy import DateTime, create_engine, event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator

BUSY_SECONDS = 15  # how long a writer waits for another one's lock
POOL = 8  # connections to a SQLite file that are kept open


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(timezone.utc)


class UtcTime(TypeDecorator):
    """An aware UTC time; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(timezone.utc) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.replace(tzinfo=timezone.utc) if value and value.tzinfo is None else value


class Database:
    """One database: `write()` and `read()` give a session in a transaction."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        # SQLite's own waiting for a lock sleeps far longer than a write takes: threads of one process queue here.
        self._shared = local()
        sqlite = self.engine.dialect.name == "sqlite"
        self._turn: AbstractContextManager[Any] = Lock() if sqlite else nullcontext()
        self._readers = self.engine.execution_options(read_only=True)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits at the end and rolls back on an exception."""
        shared: Session | None = getattr(self._shared, "session", None)
        if shared is not None:
            with shared.begin_nested():
                yield shared
            return
        with self._turn, Session(self.engine, future=True, expire_on_commit=False) as session, session.begin():
            yield session

    def together(self, calls: list[Callable[[], Any]]) -> list[Any]:
        """Runs calls that write in one transaction; each has a savepoint, so that one that fails writes nothing.

        What each returned or the exception it raised, once all of it is committed.
        """
        with self.write() as session:
            self._shared.session = session
            try:
                return [_outcome(session, call) for call in calls]
            finally:
                self._shared.session = None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one snapshot and takes no write lock."""
        with Session(self._readers, future=True) as session:
            yield session

    def close(self) -> None:
        """Closes every connection; on SQLite the write-ahead log is folded back first."""
        self.engine.dispose()


def _outcome(session: Session, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:
        return error
    finally:
        session.expunge_all()  # the next call reads what it works on anew


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, future=True, pool_pre_ping=True)
    file = make_url(url).database
    if file and file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(
        url,
        future=True,
        poolclass=QueuePool,  # SQLAlchemy 1.4 would open a file anew for every transaction
        pool_size=POOL,
        max_overflow=-1,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # pysqlite begins nothing by itself; _begin_sqlite does
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("read_only")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
