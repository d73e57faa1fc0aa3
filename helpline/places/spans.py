"""Stretches of a message that could be a place's name, under every spelling a name may stand in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from helpline.places.words import Grammar, Word, halves

MOST_WORDS = 5
MOST_CHARACTERS = 8  # of an unspaced script
SHORTEST_STEM = 3
_JOINS = re.compile(r"[\s\-‐-―·]*")
_JOINS_SHORT = re.compile(r"\.?[\s\-]*")  # after "St", "Ft", "S"

EXACT, INFLECTED, LOCATIVE = "exact", "inflected", "locative"


@dataclass(frozen=True)
class Span:
    """Words `first` to `last` (included) as a name with this key; `text[start:end]` of the message."""

    first: int
    last: int
    start: int
    end: int
    key: str
    how: str = EXACT


def spans(message: list[Word], grammar: Grammar) -> Iterator[Span]:
    """Every stretch that could be a name; those that need inflection undone are marked so."""
    for first in range(len(message)):
        for last in range(first, min(len(message), first + MOST_CHARACTERS)):
            if last > first and not _joined(message[last - 1], message[last]):
                break
            run = message[first : last + 1]
            if len(run) > MOST_WORDS and not run[0].unspaced:
                break
            start, end = run[0].start, run[-1].end
            yield Span(first, last, start, end, _key(run))
            if len(run) <= 2:
                for name, how in _variants(run, grammar):
                    yield Span(first, last, start, end, name, how)
        for start, end, name in halves(message[first]):
            yield Span(first, first, start, end, name)


def _joined(one: Word, other: Word) -> bool:
    if one.unspaced or other.unspaced:
        return one.unspaced and other.unspaced and other.gap in ("", "·")
    joins = _JOINS_SHORT if len(one.text) <= 3 else _JOINS
    return bool(joins.fullmatch(other.gap))


def _key(run: list[Word]) -> str:
    return ("" if run[0].unspaced else " ").join(word.folded for word in run)


def _variants(run: list[Word], grammar: Grammar) -> Iterator[tuple[str, str]]:
    if run[0].unspaced:
        return
    whole = " ".join(word.folded for word in run)
    for prefix, instead in grammar.prefixes:
        if whole.startswith(prefix) and len(whole) >= len(prefix) + SHORTEST_STEM:
            yield instead + whole[len(prefix) :], LOCATIVE
    for ending in grammar.case_endings:
        if whole.endswith(ending) and len(whole) >= len(ending) + SHORTEST_STEM:
            yield whole[: -len(ending)], LOCATIVE
    for names in product(*([word.folded, *_stems(word.folded, grammar)] for word in run)):
        if " ".join(names) != whole:
            yield " ".join(names), INFLECTED


def _stems(word: str, grammar: Grammar) -> Iterator[str]:
    for ending, instead in grammar.endings:
        if word.endswith(ending) and len(word) >= len(ending) + SHORTEST_STEM - 1:
            for letters in instead:
                yield word[: len(word) - len(ending)] + letters
