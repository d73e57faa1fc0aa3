"""The edge's own check for danger: quick on anything, quiet on ordinary talk, and free of spaCy and Rasa."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpline import safety
from helpline.safety import BadPattern, assess, lexicons, read_lexicon
from helpline.sentences import languages

ORDINARY = """
hello
I need a lawyer, I'm in Lyon
my husband hits me
how much does this cost
he was arrested last week and I have to go to court
where can I sleep tonight with my two children
thank you so much, you are kind
I was robbed on the train yesterday
my phone died
I am dying of laughter
this homework is killing me
yes
116 006
hola, necesito un abogado en Sevilla
mi marido me pega
me muero de risa
gracias por todo
¿cuánto cuesta?
مرحبا
أحتاج محامي في بيروت
زوجي يضربني
شكرا جزيلا
""".strip().splitlines()
DANGER = [
    ("he is going to kill me", "imminent", "imminent_danger", "en"),
    ("HE'S GOT A KNIFE!!! he is breaking the door", "imminent", "imminent_danger", "en"),
    ("I want to die", "urgent", "suicidal_thoughts", "en"),
    ("me va a matar", "imminent", "imminent_danger", "es"),
    ("me quiero morir", "urgent", "suicidal_thoughts", "es"),
    ("سيقتلني", "imminent", "imminent_danger", "ar"),
    ("معه سكّين", "imminent", "imminent_danger", "ar"),
]
WORST = {
    "single letters": "a " * 5_000,
    "the beginning of many patterns": "he " * 3_300,
    "one word": "x" * 10_000,
    "half a pattern": "he is going to " * 700,
    "words of alternatives": "he will may might could see read check " * 256,
    "accents": "\u0301" * 10_000,
    "arabic": "م" * 10_000,
    "han": "打" * 10_000,
    "punctuation": "!?" * 5_000,
    "emoji": "😭" * 10_000,
}


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_messages_raise_no_alarm(text: str) -> None:
    found = assess(text)
    assert (found.crisis, found.cannot_talk, found.safe_word) == (False, False, False)


@pytest.mark.parametrize(("text", "level", "intent", "language"), DANGER)
def test_danger_is_found_in_each_language(text: str, level: str, intent: str, language: str) -> None:
    found = assess(text)
    assert (found.level, found.intent, found.language) == (level, intent, language)
    assert found.words and all(word in text for word in found.words)


def test_what_is_long_past_is_a_concern_not_a_present_danger() -> None:
    assert assess("he tried to kill me two years ago").level == "concern"


def test_another_sentence_in_the_past_does_not_hide_a_present_danger() -> None:
    assert assess("It started two years ago. He is going to kill me").level == "imminent"


@pytest.mark.parametrize(
    "text", ["clear", " Clear! ", "CLEAR"]
)  # fmt: skip
def test_the_safe_word_counts_alone(text: str) -> None:
    assert assess(text).safe_word


@pytest.mark.parametrize("text", ["is that clear", "clear the table", ""])
def test_the_safe_word_inside_a_sentence_is_a_word(text: str) -> None:
    assert not assess(text).safe_word


@pytest.mark.parametrize("text", ["cant talk now", "he is watching me", "no puedo hablar ahora", "ما اقدر احكي"])
def test_who_cannot_talk_is_understood(text: str) -> None:
    assert assess(text).cannot_talk


@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_any_message_of_ten_thousand_characters_is_judged_in_bounded_time(text: str) -> None:
    lexicons()
    start = time.process_time()
    assess(text[:10_000])
    assert time.process_time() - start < 1.5


def test_every_language_that_speaks_has_a_lexicon_with_a_safe_word() -> None:
    found = {lexicon.language: lexicon for lexicon in lexicons()}
    assert set(languages()) <= set(found)
    assert all(lexicon.safe_words and lexicon.by_word for lexicon in found.values())


def _lexicon(folder: Path, pattern: str, not_danger: str = "never matches", past: str = "never matches") -> Path:
    file = folder / "xx.yml"
    file.write_text(
        f"""
language: xx
safe_words: [clear]
cannot_talk: ["cannot talk"]
danger:
  - level: imminent
    intent: imminent_danger
    patterns: ["{pattern}"]
not_danger: ["{not_danger}"]
past: ["{past}"]
""",
        encoding="utf-8",
    )
    return file


def _level(file: Path, text: str) -> str:
    """The level of a text under one lexicon alone."""
    lexicon = read_lexicon(file)
    return safety._read(safety._words(text), lexicon).level


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("he|she kills me", ["he kills me", "SHE kills, me"], ["they kill me", "hekills me"]),
        ("kills me now?", ["kills me", "kills me now"], ["kills now"]),
        ("he ... me", ["he me", "he a b c me"], ["he a b c d me"]),
        ("strangl+ me", ["strangling me", "strangl me"], ["he strang me"]),
        ("+burned me", ["sunburned me", "burned me"], ["burnedout me"]),
        ("+kill+ me", ["overkilling me"], ["kil me"]),
        ("he's here", ["hes here", "he’s here", "HE'S HERE"], ["he is here"]),
        ("يقتلني", ["يَقْتُلُنِي"], ["قتل"]),
        ("打|杀 我", ["他杀我"], ["他打他"]),
        ("报警", ["快报警"], ["警报"]),
    ],
)
def test_the_pattern_language_is_as_documented(tmp_path: Path, pattern: str, yes: list[str], no: list[str]) -> None:
    file = _lexicon(tmp_path, pattern)
    assert [_level(file, text) for text in yes] == ["imminent"] * len(yes)
    assert [_level(file, text) for text in no] == ["none"] * len(no)


def test_a_harmless_pattern_cancels_only_a_danger_that_shares_words_with_it(tmp_path: Path) -> None:
    file = _lexicon(tmp_path, "kill me", not_danger="kill me laughing", past="years ago")
    assert _level(file, "you kill me laughing") == "none"
    assert _level(file, "you kill me laughing. he will kill me") == "imminent"
    assert _level(file, "he wanted to kill me years ago") == "concern"


@pytest.mark.parametrize("pattern", ["...", "now?", "... now?", "a||b", "|", "+", "!!"])
def test_a_pattern_that_would_match_everything_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(BadPattern):
        read_lexicon(_lexicon(tmp_path, pattern))


def test_the_edge_imports_neither_spacy_nor_rasa_nor_tensorflow() -> None:
    code = (
        "import sys; import connectors.app, connectors.commands, connectors.serve, helpline.safety;"
        "print([m for m in ('spacy', 'rasa', 'rasa_sdk', 'tensorflow') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
