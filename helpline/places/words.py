"""Words of a message, and what `data/places/` knows about words: inflection, words before a place, common words."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from helpline.settings import PROJECT
from helpline.text import fold

DATA = PROJECT / "data" / "places"
ANY = ""  # the language of a message whose language is not known
NEVER, AFTER_LOCATIVE, NAME = "never", "after locative", "name"

_BREAKS = re.compile(r"[\s\-‐-―/,.;:!?…()\[\]{}\"«»„“”<>|+*=#@&_~^%$€£¡¿،؛؟。、，！？：；（）·•]+")
_UNSPACED = re.compile(r"[\u2e80-\u303f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")  # Chinese and Japanese
_APOSTROPHE = re.compile("['`\u00b4\u2018\u2019\u02bc]")
_NOT_WORD = re.compile(r"[^\w\u0900-\u0e7f\u0f00-\u109f\u1780-\u17ff]+")


def key(name: str) -> str:
    """How a name is stored and looked up: folded, words parted by one space."""
    return _NOT_WORD.sub(" ", fold(name)).strip()


@dataclass(frozen=True)
class Word:
    """A word of a message: `text[start:end]`, its folded form, and the break before it."""

    start: int
    end: int
    text: str
    folded: str
    gap: str

    @property
    def unspaced(self) -> bool:
        """Whether it is a single character of a script that is written without spaces."""
        return bool(_UNSPACED.match(self.text))

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital letter."""
        return self.text[:1].isupper()


def words(text: str) -> list[Word]:
    """The words of a message in order; each Chinese or Japanese character is a word of its own."""
    found: list[Word] = []
    gap_start = 0
    for start, end in _spans(text):
        for piece_start, piece_end in _pieces(text, start, end):
            piece = text[piece_start:piece_end]
            folded = fold(piece)
            if folded:
                found.append(Word(piece_start, piece_end, piece, folded, text[gap_start:piece_start]))
                gap_start = piece_end
    return found


def _spans(text: str) -> list[tuple[int, int]]:
    ends = [match.span() for match in _BREAKS.finditer(text)]
    starts = [0, *(end for _, end in ends)]
    stops = [*(start for start, _ in ends), len(text)]
    return [(start, stop) for start, stop in zip(starts, stops, strict=True) if stop > start]


def _pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Parts a span into words: at unspaced characters and around apostrophes (d'Avignon, Ankara'da)."""
    pieces, at = [], start
    for index in range(start, end):
        if _UNSPACED.match(text[index]):
            if index > at:
                pieces.append((at, index))
            pieces.append((index, index + 1))
            at = index + 1
    if at < end:
        pieces.append((at, end))
    return pieces


def halves(word: Word) -> list[tuple[int, int, str]]:
    """What stands before and after the apostrophes of a word: (start, end, folded)."""
    cuts = [match.start() for match in _APOSTROPHE.finditer(word.text)]
    parts = []
    for cut in cuts:
        for start, end in ((word.start, word.start + cut), (word.start + cut + 1, word.end)):
            text = word.text[start - word.start : end - word.start]
            if len(text) > 1:
                parts.append((start, end, fold(text)))
    return parts


@dataclass(frozen=True)
class Grammar:
    """How one language, or all of them, puts places in sentences."""

    before: frozenset[str]
    after: frozenset[str]
    fillers: frozenset[str]
    prefixes: tuple[tuple[str, str], ...]
    endings: tuple[tuple[str, tuple[str, ...]], ...]
    case_endings: tuple[str, ...]
    nouns_capital: bool


@lru_cache
def grammar(language: str) -> Grammar:
    """The grammar of a language (ISO 639-1), of all languages together for `ANY` or one without data."""
    data = _affixes()
    chosen: list[dict[str, Any]] = [data[language]] if language in data else list(data.values())
    return Grammar(
        before=frozenset(_exact(w) for part in chosen for w in part.get("before", [])),
        after=frozenset(fold(w) for part in chosen for w in part.get("after", [])),
        fillers=frozenset(fold(w) for part in chosen for w in part.get("fillers", [])),
        prefixes=tuple((fold(a), fold(b)) for part in chosen for a, b in part.get("prefixes", {}).items()),
        endings=tuple(
            (fold(ending), tuple(fold(x) for x in stems))
            for part in chosen
            for ending, stems in part.get("endings", {}).items()
        ),
        case_endings=tuple(fold(ending) for part in chosen for ending in part.get("case_endings", [])),
        nouns_capital=language == "de",
    )


def _exact(phrase: str) -> str:
    """Words before a place keep their accents ("à" is a preposition, "a" another word)."""
    return phrase.casefold()


@lru_cache
def _affixes() -> dict[str, dict[str, Any]]:
    data: dict[str, dict[str, Any]] = yaml.safe_load((DATA / "affixes.yml").read_text(encoding="utf-8"))
    return data


@lru_cache
def common(language: str) -> dict[str, str]:
    """Place names that are also words or people's names, by key: NEVER, AFTER_LOCATIVE or NAME.

    The language's own rule counts before that of English, and that before people's names; for `ANY`
    a word of any other language counts, and one that is sometimes a place is taken as such.
    """
    sections = _common_sections()
    rules = dict(sections["names"])
    if language in sections:
        layers = [sections["en"], sections[language]]
    else:
        layers = [section for name, section in sections.items() if name != "names"] + [sections["en"]]
        sometimes = [name for section in sections.values() for name, rule in section.items() if rule == AFTER_LOCATIVE]
        layers.insert(-1, dict.fromkeys(sometimes, AFTER_LOCATIVE))
    for layer in [*layers, sections["never"]]:
        rules.update(layer)
    return rules


@lru_cache
def _common_sections() -> dict[str, dict[str, str]]:
    sections: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    for line in (DATA / "common_words.txt").read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line:
            rule = AFTER_LOCATIVE if line.endswith("?") else NAME if line.endswith("*") else NEVER
            section[key(line.rstrip("?*"))] = rule
    return sections
