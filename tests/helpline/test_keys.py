"""Envelope encryption: a key a conversation, wrapped by a ring that can be rotated."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, InvalidToken

from helpline.database import Database
from helpline.keys import KeyDestroyed, KeyRing, Keys, open_ring


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return open_ring(tmp_path / "ring.json")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path}/keys.db")


def test_the_ring_is_made_once_and_for_this_user_alone(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "ring.json"
    assert open_ring(file) == open_ring(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert open_ring(file) != open_ring(tmp_path / "other.json")


def test_a_box_opens_only_what_its_own_key_closed(ring: KeyRing, database: Database) -> None:
    keys = Keys(ring, database)
    one, other = keys.create(), keys.create()
    sealed = keys.box(one).encrypt(b"words")
    assert keys.box(one).decrypt(sealed) == b"words"
    with pytest.raises(InvalidToken):
        keys.box(other).decrypt(sealed)


def test_after_a_rotation_old_keys_still_open_and_the_new_master_wraps(ring: KeyRing, database: Database) -> None:
    key_id = Keys(ring, database).create()
    sealed = Keys(ring, database).box(key_id).encrypt(b"words")
    rotated = replace(ring, master=(Fernet.generate_key().decode(), *ring.master))
    assert Keys(rotated, database).box(key_id).decrypt(sealed) == b"words"
    with pytest.raises(InvalidToken):
        Keys(ring, database).box(Keys(rotated, database).create())


def test_without_the_ring_the_data_keys_open_nothing(ring: KeyRing, database: Database, tmp_path: Path) -> None:
    key_id = Keys(ring, database).create()
    with pytest.raises(InvalidToken):
        Keys(open_ring(tmp_path / "other.json"), database).box(key_id)


def test_a_destroyed_key_is_gone_for_every_process(ring: KeyRing, database: Database) -> None:
    keys = Keys(ring, database)
    key_id = keys.create()
    keys.box(key_id)
    keys.destroy(key_id)
    for either in (keys, Keys(ring, database)):
        with pytest.raises(KeyDestroyed):
            either.box(key_id)


def test_an_address_is_looked_up_under_every_key_of_the_ring_newest_first(ring: KeyRing, database: Database) -> None:
    old = Keys(ring, database)
    new = Keys(replace(ring, address=("ab" * 32, *ring.address)), database)
    assert new.address_hashes("+447700900000") == [new.address_hash("+447700900000"), old.address_hash("+447700900000")]
    assert new.address_hash("+447700900000") != old.address_hash("+447700900000")
    assert old.address_hash("+447700900000") != old.address_hash("+447700900001")
