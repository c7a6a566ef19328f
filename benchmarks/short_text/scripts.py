"""Draw whole lines of scripts that the models may not know, and judge what is invented for them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from benchmarks.engines import FoundLine
from benchmarks.short_text.cases import Kind, Verdict, confident, shown
from benchmarks.short_text.drawing import (
    Style,
    draw_page,
    faces_with,
    random_style,
    seeded,
)
from benchmarks.short_text.texts import joined, plain
from web_image_ocr import EngineConfig
from web_image_ocr.engine.recognition.ctc import read_characters
from web_image_ocr.engine.runtime.models import load_models
from web_image_ocr.primitives.pixels import Pixels

_SYMBOLS = str.maketrans("∆∑", "ΔΣ")  # mathematical symbols, drawn as the letters are
_DRAWN = 3
"""Images of each line."""

LINES: Mapping[str, Sequence[str]] = {
    "Cyrillic": (
        *("Добро пожаловать на наш сайт.", "Настройки и уведомления", "Выход", "ВАГОН НОМЕР СЕМЬ"),
        *("Ещё одно письмо, не прочитано.", "Київ чекає на гостей.", "Цена билета: сто рублей"),
    ),
    "Greek": ("Καλημέρα σε όλους.", "Ρυθμίσεις λογαριασμού", "ΕΞΟΔΟΣ", "Καλό ταξίδι, φίλε."),
    "Arabic": ("مرحبا بكم في موقعنا.", "الإعدادات والإشعارات", "خروج", "سعر التذكرة: عشرون دينار."),
    "Hebrew": ("ברוכים הבאים לאתר.", "הגדרות והתראות", "יציאה", "מחיר הכרטיס: עשרים שקל."),
    "Georgian": ("კეთილი იყოს თქვენი მობრძანება.", "პარამეტრები", "გასვლა", "ბილეთის ფასი: ათი."),
    "Armenian": ("Բարի գալուստ մեր կայք.", "Կարգավորումներ", "Ելք", "Տոմսի գինը, հազար դրամ."),
    "Hangul": (
        "우리 사이트에 오신 것을 환영합니다.",
        "설정 및 알림",
        "나가기",
        "표 가격: 만 원입니다.",
    ),
    "Lao": ("ຍິນດີຕ້ອນຮັບ.", "ການຕັ້ງຄ່າ", "ອອກ", "ລາຄາປີ້: ສິບພັນກີບ."),
    "Thai": ("ยินดีต้อนรับ", "การตั้งค่า", "ออก"),
    "Devanagari": ("आपका स्वागत है", "सेटिंग", "बाहर"),
    "Kana": ("ようこそいらっしゃいました", "せっていとおしらせ", "ログアウト", "チケットのねだん"),
    "Greek letters": ("α + β = γ", "ΔΩ = 2π", "λ and μ", "Σ(x) θ"),
    "accented Latin": ("Crème brûlée et café", "Grüße aus Köln", "mañana señor", "À bientôt"),
}
"""By script; only those that an installed font covers are drawn."""


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """Represent an image of one line.

    Attributes:
        text: Drawn in visual order.
        script: Key of `LINES`.
        known: The recognizer has a class for each character.
        style: Font, size and colours.
        place: Number of the image.
    """

    text: str
    script: str
    known: bool
    style: Style
    place: int
    detect_direction: bool = False

    @property
    def group(self) -> str:
        """Return the script and whether the recognizer knows the line's characters."""
        return f"{'known' if self.known else 'unknown'}: {self.script}"

    @property
    def name(self) -> str:
        """Return number, script and font size."""
        return f"{self.place:03} {self.script} {self.style.size} px"

    def pixels(self) -> Pixels:
        """Return the image."""
        return draw_page(self.text, self.style, (24, 24, 24, 24))

    def judge(self, lines: Sequence[FoundLine]) -> Verdict:
        """Count confident texts that are not the text, and images read rightly or not at all."""
        wanted = plain(self.text)
        right = joined(lines).translate(_SYMBOLS) == wanted.translate(_SYMBOLS)
        wrong = [] if right else confident(lines)
        counts = Counter(
            right=int(right),
            silent=int(not right and not wrong),
            images_with_wrong_text=int(bool(wrong)),
            wrong_texts=len(wrong),
        )
        failed = wrong or (self.known and not right)
        return Verdict(counts, f"{self.text} -> {shown(lines)}" if failed else None)


def cases(seed: int) -> Iterator[ScriptLine]:
    """Yield the lines of all scripts that an installed font covers, several times each."""
    random = seeded("scripts", seed)
    place = 0
    for script, texts in LINES.items():
        for text in texts:
            visual = to_visual_order(text)
            if not faces_with(visual):
                continue
            for _ in range(_DRAWN):
                style = random_style(random, visual, (16, 36))
                yield ScriptLine(visual, script, is_known(text), style, place)
                place += 1


def is_known(text: str) -> bool:
    """Return whether the recognizer has a class for each character."""
    return set(plain(text)) <= _characters()


@cache
def _characters() -> frozenset[str]:
    return frozenset(read_characters(load_models(EngineConfig(precision="float32")).metadata))


def to_visual_order(text: str) -> str:
    """Return a line from left to right as drawn: Hebrew reversed, Arabic also with joined forms.

    Enough for lines of one script without digits.
    """
    if not any(unicodedata.bidirectional(sign) in {"R", "AL"} for sign in text):
        return text
    return _joined_forms(text)[::-1]


def _joined_forms(text: str) -> str:
    """Return a text with each Arabic letter replaced by the form for its neighbours."""
    shaped = []
    for place, sign in enumerate(text):
        before, after = text[place - 1 : place] if place else "", text[place + 1 : place + 2]
        from_before = "initial" in _forms().get(before, {}) and sign in _forms()
        to_after = "initial" in _forms().get(sign, {}) and after in _forms()
        form = ("isolated", "initial", "final", "medial")[2 * from_before + to_after]
        shaped.append(_forms().get(sign, {}).get(form, sign))
    return "".join(shaped)


@cache
def _forms() -> Mapping[str, Mapping[str, str]]:
    """Return the presentation forms of Arabic letters by letter and kind of form."""
    forms: dict[str, dict[str, str]] = {}
    for code in range(0xFE80, 0xFEF5):
        kind, *letters = unicodedata.decomposition(chr(code)).split()
        if len(letters) == 1:
            forms.setdefault(chr(int(letters[0], 16)), {})[kind.strip("<>")] = chr(code)
    return forms


KIND = Kind(cases)
