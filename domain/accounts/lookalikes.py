"""Which names look alike: the skeleton of UTS 39, and the scripts that one name may mix.

Called by `names.py`. The tables come from the libraries `regex` (scripts and properties) and
`confusable_homoglyphs` (Unicode's confusables.txt).
"""

import json
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import regex

# UAX 31, tables 5 (recommended scripts) and 7 (limited use). Historic scripts are in neither.
_WITH_LATIN = (
    "Arabic", "Armenian", "Bengali", "Bopomofo", "Devanagari", "Ethiopic", "Georgian", "Gujarati",
    "Gurmukhi", "Hangul", "Han", "Hebrew", "Hiragana", "Kannada", "Katakana", "Khmer", "Lao",
    "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu", "Thaana", "Thai", "Tibetan",
)  # fmt: skip
# Letters of these look like Latin ones, or the script is of limited use.
_ALONE = (
    "Cyrillic", "Greek", "Adlam", "Balinese", "Bamum", "Batak", "Canadian_Aboriginal", "Chakma",
    "Cham", "Cherokee", "Hanifi_Rohingya", "Javanese", "Kayah_Li", "Lepcha", "Limbu", "Lisu",
    "Mandaic", "Meetei_Mayek", "Miao", "New_Tai_Lue", "Nko", "Nyiakeng_Puachue_Hmong", "Ol_Chiki",
    "Osage", "Saurashtra", "Sundanese", "Syloti_Nagri", "Syriac", "Tai_Le", "Tai_Tham", "Tai_Viet",
    "Tifinagh", "Vai", "Wancho", "Yi",
)  # fmt: skip
_SETS = (
    ("Latin", "Han", "Hiragana", "Katakana"),
    ("Latin", "Han", "Bopomofo"),
    ("Latin", "Han", "Hangul"),
    *(("Latin", script) for script in _WITH_LATIN),
    *((script,) for script in _ALONE),
)
_LEFT_TO_RIGHT_MARK = "\u200e"
_IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}+")


def mixes_scripts(name: str) -> bool:
    """Return whether the name mixes scripts beyond the level "moderately restrictive" of UTS 39.

    Allowed are one script, Latin with one script that does not look like it (not Cyrillic, not
    Greek), and the mixtures in which Chinese, Japanese and Korean are written.
    """
    return not name.isascii() and not any(pattern.fullmatch(name) for pattern in _patterns())


def skeleton(name: str) -> str:
    """Return a text that names share when they look alike (UTS 39, section 4), whatever their case.

    Not for display. What nobody sees (joiners, variation selectors) is left out.
    """
    shown = _IGNORABLE.sub("", name)
    # Capitals look like other letters than small ones (I and l), so case is folded afterwards; what
    # that yields may look like something again.
    return _look(_look(shown).casefold())


def _look(text: str) -> str:
    prototypes = _prototypes()
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFD", "".join(prototypes.get(c, c) for c in decomposed))


@cache
def _patterns() -> tuple[Any, ...]:
    return tuple(regex.compile(_any_of(scripts)) for scripts in _SETS)


def _any_of(scripts: tuple[str, ...]) -> str:
    # By Script_Extensions: the sound mark of kana, for instance, belongs to two scripts.
    properties = "".join(rf"\p{{scx={script}}}" for script in (*scripts, "Common", "Inherited"))
    return f"[{properties}]*"


@cache
def _prototypes() -> dict[str, str]:
    """Return for each character the text that stands for all that look like it.

    The library's table has pairs in both directions, without saying which side is Unicode's
    prototype, so each group of texts that look alike gets a representative: its longest text (an
    m is replaced by rn, since an rn cannot be found character by character), of these the first.
    """
    groups: dict[str, set[str]] = {}
    for one, other in _pairs():
        joined = groups.get(one, {one}) | groups.get(other, {other})
        groups.update(dict.fromkeys(joined, joined))
    chosen = {
        text: max(group, key=lambda t: (len(t), -ord(t[0]), t)) for text, group in groups.items()
    }
    return {text: target for text, target in chosen.items() if len(text) == 1}


def _pairs() -> Iterator[tuple[str, str]]:
    table = files("confusable_homoglyphs").joinpath("confusables.json").read_text("utf-8")
    for text, others in json.loads(table).items():
        for other in others:
            yield _clean(text), _clean(other["c"])


def _clean(text: str) -> str:
    # confusables.txt wraps right-to-left characters for display.
    return unicodedata.normalize("NFD", text.replace(_LEFT_TO_RIGHT_MARK, ""))
