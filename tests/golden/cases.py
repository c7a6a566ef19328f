"""Draw golden images: kinds that are common on the web, with invented texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PIL import Image

from tests.golden.canvas import Canvas, blank, graded
from tests.golden.fonts import BOLD, CHINESE, MONO, SANS, SERIF
from web_image_ocr import RecognitionOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Hold one golden image.

    Attributes:
        draw: draws the image.
        right: required share of correct text, 0 to 1 (``results.share_right``).
        options: of the recognition.
    """

    draw: Callable[[], Canvas]
    right: float = 0.97
    options: RecognitionOptions | None = None


def screen() -> Canvas:
    """Draw a mail program: menu, buttons, a list with dates on the right."""
    canvas = blank(760, 470, "#f4f5f7")
    canvas.box((0, 0, 760, 44), "#2b579a")
    for x, word in ((16, "File"), (84, "Edit"), (152, "View"), (228, "Mailbox"), (340, "Help")):
        canvas.write((x, 12), word, SANS, 16, "white")
    for x, width, word in ((16, 112, "New mail"), (144, 92, "Archive"), (252, 84, "Delete")):
        canvas.box((x, 60, x + width, 94), "#0f6cbd", radius=6)
        canvas.write((x + 14, 67), word, BOLD, 15, "white")
    rows = (
        ("Anna Lindqvist", "Re: Tickets for the harbour concert", "09:41"),
        ("物流通知", "您的包裹已到达驿站，请凭取件码领取", "08:15"),
        ("Billing", "Invoice 2026-0417 is ready", "Mon"),
        ("项目周报", "第十二周进度与下周计划", "周日"),
        ("Greta Olsen", "Photos from the mountain hut", "28 Nov"),
    )
    for row, (sender, subject, when) in enumerate(rows):
        top = 110 + row * 70
        canvas.box((16, top, 744, top + 60), "white", radius=4)
        face, strong = (SANS, BOLD) if sender.isascii() else (CHINESE, CHINESE)
        canvas.write((32, top + 8), sender, strong, 16, "#1b1b1b")
        canvas.write((660, top + 8), when, SANS if when.isascii() else CHINESE, 14, "#5c5c5c")
        canvas.write((32, top + 34), subject, face, 14, "#444444")
    return canvas


def dark_screen() -> Canvas:
    """Draw the settings of a phone in dark mode."""
    canvas = blank(420, 640, "#121212")
    canvas.write((24, 24), "设置", CHINESE, 34, "#f2f2f2")
    rows = (
        ("无线网络", "已连接"),
        ("Bluetooth", "Off"),
        ("显示与亮度", "深色模式"),
        ("Notifications", "12 apps"),
        ("电池", "剩余 76%"),
        ("About phone", "Version 14.2"),
    )
    for row, (name, value) in enumerate(rows):
        top = 96 + row * 76
        canvas.box((16, top, 404, top + 64), "#1f1f1f", radius=12)
        canvas.write((32, top + 20), name, CHINESE, 19, "#e0e0e0")
        canvas.write((270, top + 22), value, CHINESE, 16, "#9a9a9a")
    canvas.box((16, 566, 404, 616), "#3d5afe", radius=24)
    canvas.write((160, 578), "退出登录", CHINESE, 22, "white")
    return canvas


def banner() -> Canvas:
    """Draw large outlined letters on a colour gradient."""
    canvas = graded(960, 400, (255, 94, 58), (120, 20, 170))
    canvas.write((60, 40), "夏日清凉节", CHINESE, 110, "#ffe45c", stroke=5, stroke_fill="#7a1040")
    canvas.write((64, 200), "SUMMER SALE", SERIF, 84, "white", stroke=3, stroke_fill="#30106a")
    canvas.box((64, 320, 470, 376), "#fff3c4", radius=28)
    canvas.write((92, 328), "全场低至5折起", CHINESE, 36, "#c2185b")
    canvas.write((520, 328), "June 18 - June 30", BOLD, 36, "#fff3c4")
    return canvas


def sign() -> Canvas:
    """Draw a shop sign: a column between two rows."""
    canvas = blank(300, 760, "#7b1113")
    canvas.write((90, 20), "百年老店", CHINESE, 30, "#f2e6c9")
    canvas.write_down((95, 80), "悦来茶楼", CHINESE, 110, "#f6d77a", step=130)
    canvas.write((52, 660), "营业中 24小时", CHINESE, 30, "white")
    return canvas


def receipt() -> Canvas:
    """Draw a receipt: thin monospaced type, prices in a column."""
    canvas = blank(420, 560, "#fbfaf5")
    ink = "#3a3a3a"
    canvas.write((118, 24), "CORNER GROCERY", MONO, 20, ink)
    canvas.write((130, 54), "12 Willow Street", MONO, 16, ink)
    items = (
        ("Rye bread 750g", "3.49"),
        ("Tomatoes 1.2 kg", "4.08"),
        ("Green tea", "2.75"),
        ("Dish soap", "1.99"),
        ("Batteries AA x4", "5.60"),
        ("Paper bag", "0.15"),
    )
    for row, (item, price) in enumerate(items):
        canvas.write((40, 104 + row * 34), item, MONO, 17, ink)
        canvas.write((330, 104 + row * 34), price, MONO, 17, ink)
    for row, (item, price) in enumerate(
        (("TOTAL", "18.06"), ("CASH", "20.00"), ("CHANGE", "1.94"))
    ):
        canvas.write((40, 330 + row * 36), item, MONO, 20, ink)
        canvas.write((316, 330 + row * 36), price, MONO, 20, ink)
    canvas.write((40, 460), "2026-11-24 17:32 Till 03", MONO, 15, ink)
    canvas.write((110, 506), "Thank you, come again", MONO, 15, ink)
    return canvas


def faint() -> Canvas:
    """Draw text slightly lighter or darker than its background."""
    canvas = blank(620, 330, "#ececec")
    canvas.write((30, 24), "Terms apply to all orders", SANS, 22, "#bdbdbd")
    canvas.write((30, 70), "本店保留最终解释权", CHINESE, 24, "#c4c4c4")
    canvas.box((0, 120, 620, 220), "#204060")
    canvas.write((30, 134), "Offer ends at midnight", SANS, 22, "#46648a")
    canvas.write((30, 174), "仅限会员使用", CHINESE, 24, "#4a6a90")
    canvas.box((0, 220, 620, 330), "#f7d9c4")
    canvas.write((30, 236), "Handmade in small batches", SERIF, 22, "#e3b291")
    canvas.write((30, 280), "Serial no. 7741-2093-55", MONO, 20, "#dfae8d")
    return canvas


def tiny() -> Canvas:
    """Draw text in a font of 8 pixels."""
    canvas = blank(360, 130)
    lines = (
        "The quick brown fox jumps over the lazy dog",
        "Copyright 2026 the authors. All rights reserved.",
        "Delivery takes three to five working days",
        "Contact us at the front desk on the second floor",
        "Battery included, charger sold separately",
    )
    for row, line in enumerate(lines):
        canvas.write((12, 12 + row * 22), line, SANS, 8)
    return canvas


def transparent() -> Canvas:
    """Draw text on a transparent background, half of it on a half-transparent layer."""
    canvas = blank(480, 230, (0, 0, 0, 0), mode="RGBA")
    canvas.write((24, 20), "Transparent ground", BOLD, 30, (20, 20, 20, 255))
    canvas.write((24, 72), "透明背景的图片", CHINESE, 32, (150, 20, 20, 255))
    canvas.box((12, 126, 468, 218), (30, 60, 160, 128), radius=10)
    canvas.write((28, 136), "Over a veil", BOLD, 28, (255, 255, 255, 255))
    canvas.write((28, 176), "半透明蒙层上的字", CHINESE, 28, (255, 255, 255, 255))
    return canvas


def shop() -> Canvas:
    """Draw goods with prices, in Chinese and English."""
    canvas = graded(800, 520, (255, 250, 240), (255, 228, 214))
    canvas.write((36, 28), "新品上市 NEW ARRIVAL", CHINESE, 46, "#d32f2f")
    canvas.write((36, 96), "Stainless Steel Bottle 不锈钢保温杯", CHINESE, 28, "#333333")
    goods = (("500ml", "¥59.9", "暖白色"), ("750ml", "¥79.9", "Navy"), ("1000ml", "¥99.0", "Olive"))
    for column in range(len(goods)):
        left = 36 + column * 250
        canvas.box((left, 160, left + 220, 390), "white", radius=16)
        canvas.box(
            (left, 160, left + 104, 192), ("#ef6c00", "#00838f", "#558b2f")[column], radius=8
        )
    for column, (volume, _, _) in enumerate(goods):
        canvas.write((48 + column * 250, 165), volume, BOLD, 18, "white")
    for column, (_, price, _) in enumerate(goods):
        canvas.write((64 + column * 250, 230), price, CHINESE, 48, "#e53935")
    for column, (_, _, colour) in enumerate(goods):
        canvas.write((64 + column * 250, 320), colour, CHINESE, 28, "#666666")
    canvas.box((36, 420, 764, 490), "#c62828", radius=35)
    canvas.write((90, 434), "满199减30 | Free shipping today", CHINESE, 36, "white")
    return canvas


def turned() -> Canvas:
    """Draw a notice, rotated clockwise by 37 degrees."""
    canvas = blank(560, 300, "#e8f1ea")
    canvas.write((30, 24), "Harbour Library", SERIF, 40, "#14532d")
    canvas.write((30, 92), "Monday to Friday 10:00 to 18:00", SANS, 26, "#222222")
    canvas.write((30, 144), "周末及节假日闭馆", CHINESE, 30, "#222222")
    canvas.write((30, 204), "Return books at the side door", SANS, 26, "#222222")
    canvas.image = canvas.image.rotate(
        -37, Image.Resampling.BICUBIC, expand=True, fillcolor="#e8f1ea"
    )
    return canvas


_STORY = (
    "The ferry left before dawn, nobody waved.",
    "清晨的海面上只有一层薄薄的雾。",
    "By noon the wind had turned to the north.",
    "船长说下午会下雨，大家把货物搬进了船舱。",
    "We counted forty crates of oranges.",
    "傍晚时分，灯塔的光终于出现在右前方。",
)


def long_page() -> Canvas:
    """Draw a long page of numbered sections."""
    canvas = blank(800, 6000)
    for section in range(12):
        top = 30 + section * 497
        canvas.write((40, top), f"Section {section + 1}", BOLD, 28, "#1a237e")
        for row, line in enumerate(_STORY):
            face = SANS if line.isascii() else CHINESE
            canvas.write((40, top + 70 + row * 66), line, face, 24, "#222222")
    return canvas


CASES: Mapping[str, Case] = {
    "screen": Case(draw=screen),
    "dark_screen": Case(draw=dark_screen),
    "banner": Case(draw=banner),
    "sign": Case(draw=sign, right=0.9),
    "receipt": Case(draw=receipt),
    "faint": Case(draw=faint),
    "tiny": Case(draw=tiny),
    "transparent": Case(draw=transparent),
    "shop": Case(draw=shop),
    "turned": Case(draw=turned, options=RecognitionOptions(detect_direction=True)),
    "long_page": Case(draw=long_page),
}
