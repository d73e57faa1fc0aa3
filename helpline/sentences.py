"""Every sentence the program says, from the gettext catalogues in `locales/`."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from helpline.settings import PROJECT, settings

LOCALES = PROJECT / "locales"


class UnknownSentence(KeyError):
    """No catalogue has the sentence."""


@lru_cache
def languages() -> tuple[str, ...]:
    """The languages that have catalogues, as ISO 639-1, sorted."""
    return tuple(sorted(path.parent.name for path in LOCALES.glob("*/LC_MESSAGES") if any(path.glob("*.po"))))


@lru_cache
def catalogues(language: str) -> tuple[Catalog, ...]:
    """The catalogues of a language, one a part of the program (bot, line, web, desk)."""
    return tuple(_read(path, language) for path in sorted(LOCALES.glob(f"{language}/LC_MESSAGES/*.po")))


def _read(path: Path, language: str) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _find(key: str, language: str, context: str | None) -> str | None:
    for catalogue in catalogues(language):
        message = catalogue.get(key, context)
        if message and message.string:
            return message.string if isinstance(message.string, str) else message.string[0]
    return None


def served(language: str | None) -> str:
    """The language itself when there is a catalogue for it, else the default language."""
    return language if language in languages() else settings().default_language


def say(key: str, language: str | None, short: bool = False, **values: Any) -> str:
    """The sentence `key` in `language`, its placeholders filled.

    With `short`, the variant written for SMS (context "sms") where there is one. Falls back to the
    default language, then to English. Raises UnknownSentence for a key that no catalogue has.
    """
    for candidate in dict.fromkeys((served(language), settings().default_language, "en")):
        for context in ("sms", None) if short else (None,):
            text = _find(key, candidate, context)
            if text is not None:
                return text.format(**values) if values else text
    raise UnknownSentence(key)


def direction(language: str) -> str:
    """`rtl` or `ltr`, from Babel's locale data."""
    return Locale(language).text_direction


def native_name(language: str) -> str:
    """The language's own name for itself ("español"), from Babel's locale data."""
    return Locale(language).get_display_name(language) or language
