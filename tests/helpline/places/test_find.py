from pathlib import Path

import pytest
import yaml

from helpline.places.gazetteer import Gazetteer
from helpline.places.words import ANY

SENTENCES = yaml.safe_load(Path(__file__).with_name("sentences.yml").read_text(encoding="utf-8"))
NAMED = [(lang, text, place) for lang, rows in SENTENCES["named"].items() for text, place in rows]
UNNAMED = [(lang, text) for lang, rows in SENTENCES["unnamed"].items() for text in rows]


def test_enough_sentences_in_enough_languages() -> None:
    assert len(NAMED) >= 80
    assert len(UNNAMED) >= 80
    assert len(SENTENCES["named"]) >= 8


@pytest.mark.parametrize("known", [True, False], ids=["language", "no-language"])
@pytest.mark.parametrize(("language", "text", "place"), NAMED)
def test_named_place_is_found(gazetteer: Gazetteer, language: str, text: str, place: str, known: bool) -> None:
    mentions = gazetteer.find(text, language=language if known else ANY)
    assert [f"{mention.best.name}/{mention.best.country}" for mention in mentions] == [place]


@pytest.mark.parametrize("known", [True, False], ids=["language", "no-language"])
@pytest.mark.parametrize(("language", "text"), UNNAMED)
def test_common_words_are_not_places(gazetteer: Gazetteer, language: str, text: str, known: bool) -> None:
    assert gazetteer.find(text, language=language if known else ANY) == []


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("I need a lawyer, I'm in Lyon now", "Lyon"),
        ("İstanbul'dayım", "İstanbul"),
        ("Paris, Texas please", "Paris, Texas"),
        ("أنا بالقاهرة الآن", "بالقاهرة"),
        ("je suis près d’Avignon", "Avignon"),
        ("😀 ich bin in Mün\u00adchen", "Mün\u00adchen"),
        ("我在上海需要律师", "上海"),
    ],
)
def test_offsets_are_of_the_original_text(gazetteer: Gazetteer, text: str, covered: str) -> None:
    (mention,) = gazetteer.find(text)
    assert text[mention.start : mention.end] == covered


def test_a_country_alone_is_a_country(gazetteer: Gazetteer) -> None:
    (mention,) = gazetteer.find("I'm in Germany")
    assert (mention.kind, mention.best.country) == ("country", "DE")


def test_a_short_name_counts_only_in_capitals(gazetteer: Gazetteer) -> None:
    assert gazetteer.find("can you help us") == []
    assert gazetteer.find("I live in the US")[0].best.country == "US"


@pytest.mark.parametrize("word", ["Orange", "Bath", "Reading", "Mobile"])
def test_a_common_word_is_a_place_when_one_was_asked_for(gazetteer: Gazetteer, word: str) -> None:
    assert gazetteer.find(word, language="en", asked=True)


@pytest.mark.parametrize("text", ["", " ", "…", "😀", "\x00", "'" * 50, "a" * 10_000, "in " * 2_000])
def test_odd_input_names_nothing(gazetteer: Gazetteer, text: str) -> None:
    assert gazetteer.find(text) == []
