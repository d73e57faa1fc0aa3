"""Languages that a message names ("in Spanish, please"), in any of the served languages or their own."""

from functools import lru_cache

import yaml
from babel import Locale, UnknownLocaleError

from bot.components.tokenizer import words
from helpline.sentences import languages as served
from helpline.settings import PROJECT
from helpline.text import fold

EXTRA = PROJECT / "data" / "language_names.yml"
LONGEST = 2  # words in a name that is looked for
SHORTEST = 3  # letters; shorter names ("Ga", "Yi") are ordinary words elsewhere


def named(text: str) -> list[tuple[str, int, int]]:
    """(ISO 639-1 code, start, end) of every language named in the text, in order, none overlapping."""
    tokens = words(text)
    found: list[tuple[str, int, int]] = []
    for first in range(len(tokens)):
        start = tokens[first][1]
        if found and start < found[-1][2]:
            continue
        for last in range(min(first + _longest(), len(tokens)) - 1, first - 1, -1):
            end = tokens[last][1] + len(tokens[last][0])
            code = _names().get(_key(text[start:end]))
            if code:
                found.append((code, start, end))
                break
    return found


@lru_cache
def _names() -> dict[str, str]:
    extra = yaml.safe_load(EXTRA.read_text("utf-8"))
    names = {_key(name): code for locale in served() for code, name in Locale(locale).languages.items()}
    names |= {_key(name): code for code in extra if (name := _own_name(code))}
    names |= {_key(name): code for code, spellings in extra.items() for name in spellings}
    return {name: code for name, code in names.items() if len(code) == 2 and _distinct(name)}


def _distinct(name: str) -> bool:
    return len(name) >= SHORTEST or not name.isascii()


@lru_cache
def _longest() -> int:
    return max(LONGEST, max(len(words(name)) for name in _names() if not name.isascii()))


def _key(name: str) -> str:
    return " ".join(word for word, _ in words(fold(name)))


def _own_name(code: str) -> str | None:
    try:
        return Locale(code).get_display_name(code)
    except UnknownLocaleError:
        return None
