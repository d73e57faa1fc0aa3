"""Whether a word that is a place's name is meant as one: "Nice to meet you" is not in France."""

from functools import cached_property

from helpline.places.model import Place
from helpline.places.spans import EXACT, LOCATIVE, Span
from helpline.places.words import AFTER_LOCATIVE, NAME, NEVER, Grammar, Word, common, key

LONGEST_LOCATIVE = 3  # words
BIG = 100_000  # people: a name of a town this big counts wherever it stands
TOWN = 15_000  # people: … this big counts when capitalised inside a sentence
SHORTEST_BARE = 4  # letters of a name that counts without a word before it
SENTENCE_ENDS = ".!?…。！？؟\n"


class Evidence:
    """What one message says for and against each of its possible names."""

    def __init__(self, message: list[Word], grammar: Grammar, language: str, asked: bool) -> None:
        self._message = message
        self._grammar = grammar
        self._common = common(language)
        self._asked = asked

    def supports(self, span: Span, places: tuple[Place, ...], qualified: bool) -> bool:
        """Whether the stretch names a place; `qualified` when its country or state stands beside it."""
        rule = self._rule(span)
        located = qualified or span.how == LOCATIVE or self._located(span)
        if rule == NEVER or self._only_in_capitals(span):
            return False
        if rule == AFTER_LOCATIVE:
            big = max(place.population for place in places) >= BIG
            return self._looks_like_name(span) and (located or self._is_whole(span) and (self._asked or big))
        if located or self._is_whole(span):
            return span.how != LOCATIVE or rule != NAME
        return rule != NAME and span.how == EXACT and self._stands_out(span, places)

    def _rule(self, span: Span) -> str | None:
        run = self._message[span.first : span.last + 1]
        names = {span.key}
        if span.start == run[0].start and span.end == run[-1].end:
            names.add(key(" ".join(word.text for word in run)))
        found = {self._common.get(name) for name in names}
        return next((rule for rule in (NEVER, AFTER_LOCATIVE, NAME) if rule in found), None)

    def _only_in_capitals(self, span: Span) -> bool:
        """Two or three letters of an alphabet are a name only as a name is written."""
        word = self._message[span.first]
        if span.first != span.last or word.unspaced or not _cased(word):
            return False
        return len(span.key) <= 2 and not word.text.isupper() or len(span.key) == 3 and not word.capital

    def _located(self, span: Span) -> bool:
        before = [word.text.casefold() for word in self._message[max(0, span.first - LONGEST_LOCATIVE) : span.first]]
        joint = "" if self._message[span.first].unspaced else " "
        gap = self._message[span.first].gap.strip(" \t\u00a0")
        if not gap and any(joint.join(before[-n:]) in self._grammar.before for n in range(1, len(before) + 1)):
            return True
        if span.start > self._message[span.first].start:  # d'Avignon, all'Aquila
            return True
        after = "".join(word.folded for word in self._message[span.last + 1 : span.last + 3])
        return any(after.startswith(word) for word in self._grammar.after)

    def _is_whole(self, span: Span) -> bool:
        others = [*self._message[: span.first], *self._message[span.last + 1 :]]
        return all(
            word.folded in self._grammar.fillers or word.text.casefold() in self._grammar.before for word in others
        )

    def _looks_like_name(self, span: Span) -> bool:
        word = self._message[span.first]
        letter = word.text[span.start - word.start]
        return self._asked or not _cased(word) or (letter.isupper() and not self._shouted)

    def _stands_out(self, span: Span, places: tuple[Place, ...]) -> bool:
        population = max(place.population for place in places)
        run = self._message[span.first : span.last + 1]
        if self._capital_inside(span) and population >= TOWN:
            return True
        shortest = 2 if run[0].unspaced else SHORTEST_BARE
        return population >= BIG and len(span.key) >= shortest

    def _capital_inside(self, span: Span) -> bool:
        run = self._message[span.first : span.last + 1]
        if self._shouted or self._grammar.nouns_capital or not run[0].capital:
            return False
        starts = span.first == 0 or any(mark in run[0].gap for mark in SENTENCE_ENDS)
        return not starts or (len(run) > 1 and all(word.capital for word in run))

    @cached_property
    def _shouted(self) -> bool:
        return len(self._message) > 1 and all(word.text == word.text.upper() for word in self._message)


def _cased(word: Word) -> bool:
    return word.text.lower() != word.text.upper()
