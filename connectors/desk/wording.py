"""Codes of the domain core (languages, countries, reasons, levels) as words for an advocate."""

from dataclasses import dataclass
from datetime import datetime

from babel import Locale, UnknownLocaleError
from babel.units import format_unit

from helpline.database import now
from helpline.sentences import UnknownSentence, direction, languages, native_name, say


def term(language: str, group: str, code: str) -> str:
    """The word for a code, from the sentence `desk_<group>_<code>`; the code itself when there is none."""
    try:
        return say(f"desk_{group}_{code}", language)
    except UnknownSentence:
        return code


def distinct(words: tuple[str, ...]) -> list[str]:
    """The words without those that are part of longer ones."""
    return [word for word in words if not any(word != other and word in other for other in words)]


@dataclass(frozen=True)
class Words:
    """Words that Babel's locale data knows, in one language."""

    language: str

    def language_name(self, code: str | None) -> str:
        """A language by its own name, and by the reader's when that differs: "español (Spanish)"."""
        if not code:
            return say("desk_unknown", self.language)
        try:
            own, theirs = native_name(code), Locale(self.language).languages.get(code, code)
        except (UnknownLocaleError, ValueError):
            return code
        return own if own.casefold() == theirs.casefold() else f"{own} ({theirs})"

    def country_name(self, code: str | None) -> str | None:
        """A country (ISO 3166-1 alpha-2) by name."""
        return Locale(self.language).territories.get(code.upper(), code) if code else None

    def direction(self, code: str | None) -> str:
        """The direction of what the line says in a language: `ltr`, `rtl`, or `auto` when it is not known."""
        return direction(code) if code in languages() else "auto"

    def waiting(self, since: datetime | None) -> str:
        """How long ago a moment was, in whole minutes."""
        minutes = int((now() - since).total_seconds() // 60) if since else 0
        return format_unit(minutes, "duration-minute", "short", locale=self.language)
