"""Names of the demo's players: handles as people choose them, and names in many scripts.

Called by `people`. No name has a number that only counts.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

SEED = "the players of the demo"
SHARE_OF_HANDLES = 0.6
# After so many names in a row that exist already a family name is not enough.
PATIENCE = 20


@dataclass(frozen=True)
class Culture:
    """Where people with such names play from, and the names; `order` is how they are written."""

    countries: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    order: str = "{given} {family}"


def _culture(countries: str, given: str, family: str, order: str = "{given} {family}") -> Culture:
    return Culture(tuple(countries.split()), tuple(given.split()), tuple(family.split()), order)


CULTURES = (
    _culture(
        "DE",
        "Mira Jonas Lena Tobias Frieda Emil Käthe Anton Jule Matthias Björn Ida",
        "Vogel Brandt Schäfer Winkler Krüger Lindner Böhm Seidel Hartmann Jäger",
    ),
    _culture(
        "FR",
        "Chloé Hugo Élodie Théo Margaux Lucien Noémie Bastien Inès Rémi",
        "Moreau Lefèvre Garnier Rousseau Perrin Chevalier Fontaine Delorme",
    ),
    _culture(
        "GB US",
        "Ava Callum Imogen Rhys Maeve Theo Harriet Dexter Nadia Owen Jasmine Miles",
        "Hughes Okafor Whitaker Doyle Ramsey Patel Castillo Fletcher Nguyen Bishop",
    ),
    _culture(
        "BR",
        "João Beatriz Caio Larissa Thiago Marília Otávio Luíza Renan Iara",
        "Araújo Nogueira Pires Queiroz Sampaio Teles Amaral Furtado",
    ),
    _culture(
        "PL",
        "Zofia Łukasz Hania Michał Grażyna Staś Kinga Bartek",
        "Wójcik Zając Kowal Wrona Głowacki Sikora Mazur",
    ),
    _culture(
        "UA",
        "Оксана Тарас Марічка Богдан Соломія Остап Леся Назар",
        "Шевчук Коваль Мельник Бондар Лисенко Гончар Савчук",
    ),
    _culture(
        "GR",
        "Ελένη Νίκος Δάφνη Στέλιος Ιωάννα Γιώργος",
        "Παππάς Μακρής Λάσκαρη Βλάχος Δούκας",
    ),
    _culture(
        "EG",
        "سارة علي ليلى يوسف نور كريم مريم حسن هدى عمر",
        "منصور النجار حداد سليمان الشريف عثمان فهمي",
    ),
    _culture(
        "IL",
        "נועה איתי תמר עומר יעל אורי",
        "לוי מזרחי פרידמן שלום כהן",
    ),
    _culture(
        "IN",
        "आरव अनन्या रोहन मीरा विहान कविता अर्जुन ईशा",
        "शर्मा वर्मा गुप्ता मेहता जोशी नायर",
    ),
    _culture(
        "JP",
        "陽菜 蓮 さくら 大翔 美咲 悠真 葵 健太 結衣",
        "佐藤 高橋 渡辺 小林 山口 松本 井上",
        "{family}{given}",
    ),
    _culture(
        "KR",
        "서연 민준 지우 하준 수아 도윤 예린",
        "김 박 최 정 윤 한 서",
        "{family}{given}",
    ),
    _culture(
        "CN TW",
        "子涵 雨桐 浩然 思远 梓萱 一诺 明轩",
        "王 林 赵 周 吴 徐 孙 郑",
        "{family}{given}",
    ),
    _culture(
        "TH",
        "มะลิ กานต์ ฟ้า ธนา พลอย ณัฐ",
        "ใจดี วงศ์ทอง แสงจันทร์ รุ่งเรือง",
    ),
)
COUNTRIES = tuple(sorted({country for culture in CULTURES for country in culture.countries}))

FIRST = (
    "quiet", "amber", "north", "lucky", "velvet", "paper", "cosmic", "rusty", "silver", "sleepy",
    "wild", "polar", "copper", "midnight", "salty", "mellow", "tiny", "turbo", "hidden", "electric",
)  # fmt: skip
SECOND = (
    "fox", "otter", "wind", "comet", "badger", "lantern", "heron", "pixel", "maple", "raven",
    "noodle", "falcon", "pebble", "walrus", "tiger", "cactus", "moth", "harbor", "biscuit", "wolf",
)  # fmt: skip
NICKS = (
    "tomek", "mika", "jules", "noor", "kaz", "lena", "rafa", "suki", "finn", "ozan", "bea", "milo",
    "anouk", "dario", "priya", "yuki", "thea", "luca", "zoe", "hamza", "inga", "pavel", "rosa",
)  # fmt: skip
YEARS = tuple(f"{year:02}" for year in (*range(84, 100), *range(9)))
ENDINGS = ("", "", "", "_", "tv", "plays", "hq", ".exe")


def make_names() -> Iterator[tuple[str, str]]:
    """Yield names and where their players are from: always the same ones, each once."""
    chance = random.Random(SEED)  # noqa: S311 - a game
    taken: set[str] = set()
    while True:
        name, country = _fresh_name(chance, taken)
        taken.add(name.casefold())
        yield name, country


def _fresh_name(chance: random.Random, taken: set[str]) -> tuple[str, str]:
    for _ in range(PATIENCE):
        culture = chance.choice(CULTURES)
        name = _handle(chance) if chance.random() < SHARE_OF_HANDLES else _own_name(chance, culture)
        if name.casefold() not in taken:
            return name, chance.choice(culture.countries)
    while True:
        name = f"{_handle(chance)}.{chance.choice(SECOND)}"[:32]
        if name.casefold() not in taken:
            return name, chance.choice(COUNTRIES)


def _own_name(chance: random.Random, culture: Culture) -> str:
    family = chance.choice(culture.family)
    return culture.order.format(given=chance.choice(culture.given), family=family)


def _handle(chance: random.Random) -> str:
    first, second, nick = chance.choice(FIRST), chance.choice(SECOND), chance.choice(NICKS)
    ending = chance.choice(ENDINGS)
    return chance.choice(
        (
            f"{first}{second}{ending}",
            f"{first.title()}{second.title()}{ending}",
            f"{first}_{second}",
            f"{nick}{chance.choice(YEARS)}",
            f"{nick}_{second}{ending}",
            f"{nick}.{chance.choice('abcdefghjkmnprstvwz')}",
            f"the_{second}_{nick}",
            f"{second.title()}{chance.choice(YEARS)}",
        )
    )
