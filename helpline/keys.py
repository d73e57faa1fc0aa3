"""Envelope encryption: a data key per conversation, wrapped by a master key ring.

Data keys live in a database of their own, so that a backup of the conversations never holds the
keys to read them; destroying a conversation's key makes every copy of its words unreadable.
"""

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from cachetools import TTLCache
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Column, LargeBinary, String, delete, select
from sqlalchemy.orm import declarative_base

from helpline.database import Database, UtcTime, now

KeysBase: Any = declarative_base()

OPENED, OPENED_SECONDS = 4096, 60  # data keys kept unwrapped in memory: those of the conversations going on now


class DataKey(KeysBase):
    """A conversation's data key, wrapped by the newest master key."""

    __tablename__ = "data_key"

    id = Column(String(32), primary_key=True)
    wrapped = Column(LargeBinary, nullable=False)
    created_at = Column(UtcTime, nullable=False, default=now)


class KeyDestroyed(Exception):
    """There is no key: what it encrypted cannot be read any more, by anybody."""


@dataclass(frozen=True)
class KeyRing:
    """Master keys (Fernet) and keys of the address hash (hex), newest first."""

    master: tuple[str, ...]
    address: tuple[str, ...]


def open_ring(path: Path) -> KeyRing:
    """The key ring in `path`; a new one, readable by this user alone, when there is none."""
    if not path.exists():
        _create_ring(path)
    data = json.loads(path.read_text())
    return KeyRing(tuple(data["master"]), tuple(data["address"]))


def _create_ring(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"master": [Fernet.generate_key().decode()], "address": [secrets.token_hex(32)]}, file)
    try:
        os.link(draft, path)  # two processes may start at once: the first ring stays
    except FileExistsError:
        pass
    finally:
        draft.unlink()


class Keys:
    """The data keys of all conversations, and the keyed hash of addresses."""

    def __init__(self, ring: KeyRing, database: Database) -> None:
        self._ring = ring
        self._master = MultiFernet([Fernet(key) for key in ring.master])
        self._database = database
        self._opened: TTLCache[str, Fernet] = TTLCache(OPENED, OPENED_SECONDS)
        self._lock = Lock()
        KeysBase.metadata.create_all(database.engine)

    def create(self) -> str:
        """Makes a data key and returns its opaque id, committed."""
        key_id = secrets.token_hex(16)
        with self._database.write() as session:
            session.add(DataKey(id=key_id, wrapped=self._master.encrypt(Fernet.generate_key())))
        return key_id

    def box(self, key_id: str) -> Fernet:
        """What encrypts and decrypts under a data key. Raises KeyDestroyed when it is gone."""
        with self._lock:
            opened = self._opened.get(key_id)
        if opened is None:
            opened = self._open(key_id)
            with self._lock:
                self._opened[key_id] = opened
        return opened

    def _open(self, key_id: str) -> Fernet:
        with self._database.read() as session:
            wrapped = session.execute(select(DataKey.wrapped).where(DataKey.id == key_id)).scalar()
        if wrapped is None:
            raise KeyDestroyed(key_id)
        return Fernet(self._master.decrypt(wrapped))

    def destroy(self, key_id: str) -> None:
        """Deletes a data key for good, from the live file's free pages and write-ahead log too."""
        with self._lock:
            self._opened.pop(key_id, None)
        with self._database.write() as session:
            session.execute(delete(DataKey).where(DataKey.id == key_id))
        if self._database.engine.dialect.name == "sqlite":
            with self._database.engine.connect() as connection:
                raw = connection.connection.dbapi_connection
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def address_hash(self, address: str) -> str:
        """The keyed hash (HMAC-SHA256, hex) that an address is stored and looked up by."""
        return self.address_hashes(address)[0]

    def address_hashes(self, address: str) -> list[str]:
        """The hashes under every key of the ring, newest first: a rotation forgets no STOP."""
        return [_keyed_hash(key, address) for key in self._ring.address]

    @property
    def signing_secret(self) -> str:
        """A secret for signing cookies, derived from the newest address key."""
        return _keyed_hash(self._ring.address[0], "cookie signing")


def _keyed_hash(key: str, value: str) -> str:
    return hmac.new(bytes.fromhex(key), value.encode(), hashlib.sha256).hexdigest()
