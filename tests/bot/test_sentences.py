"""Every sentence of the engine: in every language, short enough for a text message, no carrier words to press."""

import re

import pytest
import yaml

from bot.model import DOMAIN
from helpline.sentences import LOCALES, _find, catalogues, languages

GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà{}"
)
CARRIER = {word.upper() for word in ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout")}
CARRIER |= {"HELP", "INFO", "START", "YES", "UNSTOP"}
KEYS = sorted({m.id for c in catalogues("en") for m in c if m.id and m.id.startswith(("utter_", "button_"))})


@pytest.mark.parametrize("language", ["en", "es", "ar"])
@pytest.mark.parametrize("key", KEYS)
def test_said_in_every_language_with_the_same_values(key, language):
    assert (LOCALES / language).is_dir() and language in languages()
    text = _find(key, language, None)
    assert text and set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", _find(key, "en", None)))


@pytest.mark.parametrize("language", ["en", "es", "ar"])
@pytest.mark.parametrize("key", KEYS)
def test_two_segments_of_sms_at_most(key, language):
    text = _find(key, language, "sms") or _find(key, language, None)
    assert len(text) <= (306 if set(text) <= GSM else 134)


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_no_button_is_a_carrier_word(language):
    for key in KEYS:
        if key.startswith("button_"):
            assert (_find(key, language, "sms") or _find(key, language, None)).upper() not in CARRIER


def test_the_domain_names_known_sentences():
    for file in (DOMAIN / "responses").glob("*.yml"):
        for variants in yaml.safe_load(file.read_text("utf-8"))["responses"].values():
            for variant in variants:
                assert variant["text"] in KEYS
                assert all(button["title"] in KEYS for button in variant.get("buttons", []))
