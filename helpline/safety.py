"""The first safety tier: a level for every message from the lexicons in `data/safety`, with plain `re`.

It needs no engine and no spaCy, so the edge runs it on every message in every state. The pattern
language is described in `docs/safety.md`; `havenline` and the engine share the lexicons.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from helpline.settings import PROJECT
from helpline.text import fold

LEXICONS = PROJECT / "data" / "safety"
LEVELS = ("none", "concern", "urgent", "imminent")
CRISIS = ("urgent", "imminent")

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+|\d+")
QUIET_SHARE = 0.4  # of a message's words that must say "I cannot talk" before the line falls silent
LONGEST_WORD = 64  # a longer "word" is cut, so that no pattern can be made to backtrack for long
_SENTENCE_END = re.compile(r"[.!?\n؟。！？…]")
_GAP = r"(?:\S+ ){0,3}?"


class BadPattern(ValueError):
    """A lexicon holds a pattern that cannot be compiled."""


@dataclass(frozen=True)
class Assessment:
    """What a message says about safety: its level, the crisis intent, and the words that show it."""

    level: str = "none"
    intent: str | None = None
    words: tuple[str, ...] = ()
    language: str | None = None
    cannot_talk: bool = False
    safe_word: bool = False

    @property
    def crisis(self) -> bool:
        """Whether the level is one that needs a human at once."""
        return self.level in CRISIS


@dataclass(frozen=True)
class Pattern:
    """One compiled pattern and what a match of it means."""

    regex: re.Pattern[str]
    first: frozenset[str]
    meaning: str
    level: str = "none"
    intent: str | None = None


@dataclass(frozen=True)
class Lexicon:
    """The patterns of one language, found by the first word that can begin them."""

    language: str
    safe_words: frozenset[str]
    by_word: dict[str, tuple[Pattern, ...]]
    anywhere: tuple[Pattern, ...]


@dataclass(frozen=True)
class Match:
    """A pattern found in a message: words `start` to `end` (exclusive)."""

    pattern: Pattern
    start: int
    end: int

    def overlaps(self, other: "Match") -> bool:
        """Whether both share a word."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Reading:
    """What the lexicon of one language says of a message."""

    language: str
    level: str
    intent: str | None
    dangers: list[Match]
    quiet: list[Match]


@dataclass(frozen=True)
class Words:
    """A message as folded words, with where each stood and in which sentence."""

    original: str
    folded: list[str]
    spans: list[tuple[int, int]]
    sentences: list[int]


def worse(one: str, other: str) -> str:
    """The higher of two safety levels."""
    return max(one, other, key=LEVELS.index)


def assess(text: str) -> Assessment:
    """The safety of one message, by the lexicons of all languages; bounded time for any input."""
    words = _words(text)
    read = [_read(words, lexicon) for lexicon in lexicons()]
    worst = max(read, key=lambda reading: LEVELS.index(reading.level), default=None)
    dangers = [match for reading in read for match in reading.dangers]
    quiet = [match for reading in read for match in reading.quiet if not any(match.overlaps(d) for d in dangers)]
    spoken = next((reading.language for reading in read if reading.quiet), None)
    return Assessment(
        level=worst.level if worst else "none",
        intent=worst.intent if worst else None,
        words=_longest([_shown(words, match) for match in dangers]),
        language=worst.language if worst and worst.level != "none" else spoken,
        cannot_talk=_mostly(words, quiet, dangers),
        safe_word=any(" ".join(words.folded) in lexicon.safe_words for lexicon in lexicons()),
    )


@lru_cache
def lexicons() -> tuple[Lexicon, ...]:
    """The lexicons of all languages. Raises BadPattern with file and pattern."""
    return tuple(read_lexicon(path) for path in sorted(LEXICONS.glob("*.yml")))


def read_lexicon(path: Path) -> Lexicon:
    """The compiled lexicon of one file. Raises BadPattern."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    patterns = [_compile(p, "cannot_talk") for p in data["cannot_talk"]]
    patterns += [_compile(p, "not_danger") for p in data["not_danger"]]
    patterns += [_compile(p, "past") for p in data["past"]]
    for group in data["danger"]:
        patterns += [_compile(p, "danger", group["level"], group["intent"]) for p in group["patterns"]]
    by_word: dict[str, list[Pattern]] = {}
    for pattern in patterns:
        for word in pattern.first:
            by_word.setdefault(word, []).append(pattern)
    return Lexicon(
        language=data["language"],
        safe_words=frozenset(" ".join(_words(word).folded) for word in data["safe_words"]),
        by_word={word: tuple(found) for word, found in by_word.items()},
        anywhere=tuple(p for p in patterns if not p.first),
    )


def _words(text: str) -> Words:
    folded, spans, sentences = [], [], []
    sentence, position = 0, 0
    for match in re.finditer(r"\S+", text):
        if _SENTENCE_END.search(text[position : match.start()]):
            sentence += 1
        for piece in _pieces(match.group(), match.start()):
            folded.append(piece[0])
            spans.append(piece[1])
            sentences.append(sentence)
        position = match.start()
    return Words(text, folded, spans, sentences)


def _pieces(chunk: str, offset: int) -> Iterator[tuple[str, tuple[int, int]]]:
    for word in _WORD.findall(fold(chunk)):
        yield word[:LONGEST_WORD], (offset, offset + len(chunk))


def _compile(source: str, meaning: str, level: str = "none", intent: str | None = None) -> Pattern:
    elements = [e for part in source.split() for e in _split_han(part)]
    if not elements or all(e.endswith("?") or e == "..." for e in elements):
        raise BadPattern(f"{source!r} matches everything")
    regex = re.compile("".join(_element(e) for e in elements))
    return Pattern(regex, _first_words(elements), meaning, level, intent)


def _split_han(part: str) -> list[str]:
    """A part of a pattern as elements: `报警` is two words, `打|杀` stays one of two alternatives."""
    if "|" in part or not re.search(f"[{_HAN}]", part):
        return [part]
    return re.findall(rf"[{_HAN}]\??|[^{_HAN}]+", part)


def _alternatives(element: str) -> list[str]:
    words = []
    for word in element.removesuffix("?").split("|"):
        left, right = word.startswith("+"), word.endswith("+")
        pieces = _WORD.findall(fold(word.strip("+")))
        if not pieces:
            raise BadPattern(f"an empty alternative in {element!r}")
        words.append(("\\S*" if left else "") + " ".join(map(re.escape, pieces)) + ("\\S*" if right else ""))
    return words


def _element(element: str) -> str:
    if element in ("...", "…"):
        return _GAP
    inner = f"(?:{'|'.join(_alternatives(element))}) "
    return f"(?:{inner})?" if element.endswith("?") else inner


def _first_words(elements: list[str]) -> frozenset[str]:
    """The words that can begin a match; none when it can begin with words that cannot be listed."""
    first: set[str] = set()
    for element in elements:
        if element in ("...", "…") or "+" in element:
            return frozenset()
        first |= {re.sub(r"\\(.)", r"\1", a).split(" ")[0] for a in _alternatives(element)}
        if not element.endswith("?"):
            break
    return frozenset(first)


def _matches(words: Words, lexicon: Lexicon) -> list[Match]:
    text = "".join(f"{word} " for word in words.folded)
    found, position = [], 0
    for index, word in enumerate(words.folded):
        for pattern in (*lexicon.by_word.get(word, ()), *lexicon.anywhere):
            match = pattern.regex.match(text, position)
            if match:
                found.append(Match(pattern, index, index + match.group().count(" ")))
        position += len(word) + 1
    return found


def _read(words: Words, lexicon: Lexicon) -> Reading:
    """What one lexicon finds: exceptions cancel what they share words with, the past lowers its sentence."""
    found: dict[str, list[Match]] = {"danger": [], "cannot_talk": [], "not_danger": [], "past": []}
    for match in _matches(words, lexicon):
        found[match.pattern.meaning].append(match)
    dangers, quiet = (
        [m for m in found[meaning] if not any(m.overlaps(exception) for exception in found["not_danger"])]
        for meaning in ("danger", "cannot_talk")
    )
    past = {words.sentences[match.start] for match in found["past"]}
    level, intent = "none", None
    for match in dangers:
        own = _level(match, words.sentences[match.start] in past)
        if worse(own, level) != level:
            level, intent = own, match.pattern.intent if own in CRISIS else None
    return Reading(lexicon.language, level, intent, dangers, quiet)


def _level(match: Match, past: bool) -> str:
    """The level of a danger; what is over is a concern, but a wish to die counts whenever it began."""
    return "concern" if past and match.pattern.intent != "suicidal_thoughts" else match.pattern.level


def _mostly(words: Words, quiet: list[Match], dangers: list[Match]) -> bool:
    """Whether a message, its dangers aside, is mostly that, and not a story in which it occurs: silence is meant."""
    covered = _covered(quiet)
    return bool(covered) and len(covered) >= QUIET_SHARE * (len(words.folded) - len(_covered(dangers)))


def _covered(matches: list[Match]) -> set[int]:
    return {index for match in matches for index in range(match.start, match.end)}


def _shown(words: Words, match: Match) -> str:
    return words.original[words.spans[match.start][0] : words.spans[match.end - 1][1]].strip(" ,.;:!?،؟؛。，")


def _longest(shown: list[str]) -> tuple[str, ...]:
    """Each passage once, without those that are part of another."""
    return tuple(one for one in dict.fromkeys(shown) if not any(one != other and one in other for other in shown))
