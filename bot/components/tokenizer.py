"""Words of any script."""

from typing import Any

import regex
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

# Scripts written without spaces: every character is a word. Elsewhere letters, digits, marks and inner apostrophes.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}]"
_SPACED = rf"(?:(?!{_UNSPACED})[\p{{L}}\p{{M}}\p{{N}}_])+"
_WORD = regex.compile(rf"{_UNSPACED}|{_SPACED}(?:['’\u200c-]{_SPACED})*")


def words(text: str) -> list[tuple[str, int]]:
    """The words of a text with their offsets; a text without words is one word (emoji, punctuation)."""
    found = [(match.group(), match.start()) for match in _WORD.finditer(text)]
    return found or [(text, 0)]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class UnicodeTokenizer(Tokenizer):
    """Splits by words, and scripts without spaces by characters.

    Rasa's WhitespaceTokenizer deletes Chinese words, which its emoji pattern matches.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"intent_tokenization_flag": False, "intent_split_symbol": "_", "token_pattern": None}

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        return [Token(word, start) for word, start in words(message.get(attribute))]
