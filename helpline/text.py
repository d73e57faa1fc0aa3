"""One spelling for comparing words: what lexicons, gazetteer and search fold both sides with."""

import re
import unicodedata

_DROPPED = re.compile(
    "['`\u00b4\u2018\u2019\u201b\u02b9-\u02bc\u02be\u02bf\u2032\u05f3\uff07"  # apostrophes
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"  # zero width
    "\u0640\ufe00-\ufe0f]"  # tatweel, variation selectors
)
# Marks of alphabets that are readable without them; vowel signs of Indic and Thai script are letters and stay.
_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_LETTERS = str.maketrans(
    {
        "ł": "l", "ø": "o", "ı": "i", "đ": "d", "ð": "d", "ħ": "h", "þ": "th", "æ": "ae", "œ": "oe",
        "є": "е", "і": "и", "ґ": "г",
        "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه",
    }
)  # fmt: skip


def fold(text: str) -> str:
    """The text in one comparable spelling: compatibility forms, case, accents, apostrophes, Arabic and
    Cyrillic spelling variants and invisible characters evened out; words stay separated as they were.
    """
    if text.isascii():
        return _DROPPED.sub("", text.lower())
    plain = unicodedata.normalize("NFKC", _DROPPED.sub("", text)).casefold()
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", plain)).translate(_LETTERS)
    return unicodedata.normalize("NFC", plain)
