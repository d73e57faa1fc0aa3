"""Parts of the pipeline on their own."""

import pytest

from bot.components.tokenizer import words
from bot.language_names import named


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I can't go", ["I", "can't", "go"]),
        ("我需要帮助 now", ["我", "需", "要", "帮", "助", "now"]),
        ("أنا في بيروت", ["أنا", "في", "بيروت"]),
        ("😀", ["😀"]),
        ("", [""]),
        ("हिन्दी में", ["हिन्दी", "में"]),
    ],
)
def test_words_of_every_script(text, expected):
    found = words(text)
    assert [word for word, _ in found] == expected
    assert all(text[start : start + len(word)] == word for word, start in found)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("can we speak Spanish", ["es"]),
        ("en français s'il vous plaît", ["fr"]),
        ("بالعربية من فضلك", ["ar"]),
        ("po polsku proszę", ["pl"]),
        ("українською будь ласка", ["uk"]),
        ("do you speak Somali or Tigrinya", ["so", "ti"]),
        ("I need help", []),
    ],
)
def test_languages_named(text, codes):
    assert [code for code, *_ in named(text)] == codes
