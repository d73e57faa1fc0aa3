"""Advocates' accounts and their signed-in sessions."""

import hashlib
import secrets
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from helpline.database import now
from helpline.line import Line
from helpline.models import Advocate, DeskSession

SESSION_HOURS = 12  # a shift
SHORTEST_PASSWORD = 12  # characters; OWASP ASVS 4.0, 2.1.1
_hasher = PasswordHasher()


class WrongPassword(Exception):
    """Login and password do not fit together, or the account is disabled; which one is not said."""


class WeakPassword(Exception):
    """The new password is too short."""


class LoginTaken(Exception):
    """There is an account of that name."""


def add(session: Session, login: str, name: str) -> str:
    """Makes an account; returns its one-time password, to be changed at the first sign-in. Raises LoginTaken."""
    if by_login(session, login):
        raise LoginTaken(login)
    password = secrets.token_urlsafe(12)
    session.add(Advocate(login=login, name=name, password_hash=_hasher.hash(password)))
    return password


def by_login(session: Session, login: str) -> Advocate | None:
    """The account of that name."""
    return session.execute(select(Advocate).where(Advocate.login == login)).scalar()


def everyone(session: Session) -> list[Advocate]:
    """All accounts, by name."""
    return list(session.execute(select(Advocate).order_by(Advocate.login)).scalars())


def sign_in(line: Line, login: str, password: str) -> Advocate:
    """The advocate whose login and password these are. Raises WrongPassword; takes as long for an unknown login."""
    with line.database.read() as session:
        advocate = by_login(session, login)
    try:
        _hasher.verify(advocate.password_hash if advocate else _NOBODY, password)
    except VerificationError as error:
        raise WrongPassword from error
    if advocate is None or advocate.disabled_at:
        raise WrongPassword
    return advocate


_NOBODY = _hasher.hash(secrets.token_urlsafe(16))


def set_password(session: Session, advocate: Advocate, new: str) -> None:
    """Replaces the password and signs every session of the advocate out. Raises WeakPassword."""
    if len(new) < SHORTEST_PASSWORD:
        raise WeakPassword
    account = session.get(Advocate, advocate.id)
    account.password_hash = _hasher.hash(new)
    account.one_time = False
    _sign_out_everywhere(session, advocate.id)


def disable(session: Session, login: str) -> bool:
    """Closes an account and its sessions; False when there is none of that name."""
    advocate = by_login(session, login)
    if advocate:
        advocate.disabled_at = now()
        _sign_out_everywhere(session, advocate.id)
    return advocate is not None


def new_one_time_password(session: Session, login: str) -> str | None:
    """A fresh one-time password for an account, enabled again; None when there is none of that name."""
    advocate = by_login(session, login)
    if advocate is None:
        return None
    password = secrets.token_urlsafe(12)
    advocate.password_hash, advocate.one_time, advocate.disabled_at = _hasher.hash(password), True, None
    _sign_out_everywhere(session, advocate.id)
    return password


def _sign_out_everywhere(session: Session, advocate_id: int) -> None:
    session.execute(delete(DeskSession).where(DeskSession.advocate_id == advocate_id))


def open_session(session: Session, advocate: Advocate) -> str:
    """Signs an advocate in; the token is for the cookie and is not kept here."""
    token = secrets.token_urlsafe(32)
    expires = now() + timedelta(hours=SESSION_HOURS)
    session.add(DeskSession(token_hash=_hash(token), advocate_id=advocate.id, expires_at=expires))
    return token


def by_token(session: Session, token: str) -> Advocate | None:
    """The advocate who is signed in with that token."""
    row = session.get(DeskSession, _hash(token))
    if row is None or row.expires_at < now():
        return None
    advocate = session.get(Advocate, row.advocate_id)
    return advocate if advocate and not advocate.disabled_at else None


def close_session(session: Session, token: str) -> None:
    """Signs out."""
    session.execute(delete(DeskSession).where(DeskSession.token_hash == _hash(token)))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
