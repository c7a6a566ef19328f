"""Draw the sample images of the console, and recognize the first one for the welcome page.

Run as ``python -m scripts.console_samples``. Requires the fonts of ``requirements/debian.txt``.
Writes the images, their thumbnails, the showcase image, and their list ``samples.js``.
"""

from __future__ import annotations

from pathlib import Path

import orjson
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from web_image_ocr import Engine
from web_image_ocr.images import ImageLimits, decode

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "src" / "web_image_ocr" / "console" / "static" / "samples"
_FONTS = Path("/usr/share/fonts/truetype")
_CHINESE = "wqy/wqy-microhei.ttc"
_BOLD = "dejavu/DejaVuSans-Bold.ttf"
_SANS = "dejavu/DejaVuSans.ttf"
_SERIF = "dejavu/DejaVuSerif-Bold.ttf"


def main() -> None:
    """Write all samples."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    drawn = {"banner": banner(), "ticket": ticket(), "scroll": scroll(), "screen": screen()}
    entries = []
    for name, image in drawn.items():
        path = FOLDER / f"{name}.webp"
        image.convert("RGB").save(path, quality=82, method=6)
        small = image.convert("RGB")
        small.thumbnail((240, 180))
        small.save(FOLDER / f"{name}-small.webp", quality=70, method=6)
        width, height = image.size
        entries.append({"file": path.name, "name": name, "width": width, "height": height})
    shown = drawn["banner"].resize((640, 360))
    shown.save(FOLDER / "banner-shown.webp", quality=76, method=6)
    first = FOLDER / str(entries[0]["file"])
    pixels = decode(first.read_bytes(), ImageLimits.for_edition("2021")).pixels
    entries[0]["lines"] = [
        {
            "words": line.text,
            "confidence": round(line.confidence, 4),
            "location": [[round(x), round(y)] for x, y in line.quad],
        }
        for line in Engine().recognize(pixels).lines
    ]
    listed = ",\n".join(orjson.dumps(entry).decode() for entry in entries)
    (FOLDER / "samples.js").write_text(
        f"// Written by scripts/console_samples.py.\nexport default [\n{listed},\n];\n",
        encoding="utf-8",
    )


def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONTS / name, size)


def banner() -> Image.Image:
    """Draw an advertisement: large and small text, Chinese and English, one rotated line."""
    image = _gradient((960, 540), (13, 92, 99), (232, 178, 92))
    draw = ImageDraw.Draw(image)
    draw.ellipse((600, 130, 1020, 550), fill=(244, 208, 140))
    draw.rounded_rectangle((700, 220, 860, 440), 24, fill=(250, 250, 246))
    draw.arc((830, 260, 930, 370), -90, 90, fill=(250, 250, 246), width=18)
    draw.rectangle((716, 250, 844, 268), fill=(120, 72, 40))
    draw.text((60, 64), "秋日好茶", "white", _font(_CHINESE, 104))
    draw.text((64, 196), "AUTUMN TEA FESTIVAL", "white", _font(_BOLD, 34))
    draw.rounded_rectangle((60, 274, 416, 352), 39, fill=(250, 236, 205))
    draw.text((92, 286), "全场第二件半价", (120, 60, 24), _font(_CHINESE, 42))
    draw.text((64, 388), "¥ 39.90", (255, 236, 190), _font(_BOLD, 62))
    draw.text((64, 482), "11.20 - 11.30 · Free delivery from 99", "white", _font(_SANS, 22))
    ribbon = Image.new("RGBA", (330, 64), (200, 50, 44, 255))
    ImageDraw.Draw(ribbon).text((40, 8), "NEW 新品上市", "white", _font(_CHINESE, 40))
    rotated = ribbon.rotate(-24, expand=True, resample=Image.Resampling.BICUBIC)
    image.paste(rotated, (640, 20), rotated)
    return image


def ticket() -> Image.Image:
    """Draw a rotated ticket."""
    card = Image.new("RGBA", (620, 300), (252, 250, 244, 255))
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, 620, 62), fill=(33, 62, 112))
    draw.text((28, 14), "NIGHT TRAIN 夜行列车", "white", _font(_CHINESE, 30))
    draw.text((28, 84), "HARBOUR", (24, 30, 44), _font(_BOLD, 44))
    draw.text((330, 84), "→ HILLTOP", (24, 30, 44), _font(_BOLD, 44))
    draw.text((28, 156), "Coach 07 · Seat 12A · 21:45", (24, 30, 44), _font(_SANS, 28))
    draw.text((28, 204), "靠窗座位 请提前十五分钟检票", (60, 66, 80), _font(_CHINESE, 26))
    draw.text((28, 250), "No. 0412-7785-31", (120, 60, 24), _font(_SANS, 24))
    table = _gradient((820, 620), (94, 70, 52), (140, 106, 76))
    rotated = card.rotate(19, expand=True, resample=Image.Resampling.BICUBIC)
    shadow = Image.new("RGBA", rotated.size, (20, 14, 8, 150))
    place = ((820 - rotated.width) // 2, (620 - rotated.height) // 2)
    shade = rotated.getchannel("A").filter(ImageFilter.GaussianBlur(6))
    table.paste(shadow, (place[0] + 8, place[1] + 10), shade)
    table.paste(rotated, place, rotated)
    return table


def scroll() -> Image.Image:
    """Draw a scroll: a poem of Du Fu in columns from right to left."""
    image = _gradient((600, 720), (246, 238, 218), (228, 212, 178))
    draw = ImageDraw.Draw(image)
    draw.rectangle((28, 28, 571, 691), outline=(150, 110, 70), width=3)
    columns = ("好雨知时节", "当春乃发生", "随风潜入夜", "润物细无声")
    for number, column in enumerate(columns):
        for row, character in enumerate(column):
            place = (440 - number * 100, 80 + row * 92)
            draw.text(place, character, (40, 32, 28), _font(_CHINESE, 68))
    draw.text((66, 590), "SPRING RAIN", (120, 84, 50), _font(_SERIF, 26))
    draw.rounded_rectangle((470, 586, 540, 656), 8, fill=(176, 40, 34))
    draw.text((478, 588), "春", "white", _font(_CHINESE, 54))
    return image


def screen() -> Image.Image:
    """Draw a screenshot with small text."""
    image = Image.new("RGB", (900, 600), (246, 247, 249))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 900, 52), fill=(38, 50, 64))
    draw.text((24, 14), "Orders", "white", _font(_BOLD, 20))
    draw.text((730, 16), "Signed in: mei", (190, 204, 220), _font(_SANS, 16))
    rows = (
        ("Order", "Customer", "Status", "Total"),
        ("#10482", "王小明", "已发货", "¥ 268.00"),
        ("#10481", "Anna Berg", "Packing", "¥ 1,204.50"),
        ("#10480", "李雪", "待付款", "¥ 89.90"),
        ("#10479", "J. Okafor", "Delivered", "¥ 640.00"),
        ("#10478", "陈思远", "已签收", "¥ 35.20"),
    )
    for number, row in enumerate(rows):
        top = 88 + number * 64
        draw.rectangle((24, top, 876, top + 63), fill="white", outline=(222, 226, 232))
        for place, text in zip((44, 220, 460, 700), row, strict=True):
            colour = (110, 120, 134) if number == 0 else (34, 40, 50)
            draw.text((place, top + 18), text, colour, _font(_CHINESE, 20))
    draw.rounded_rectangle((24, 510, 204, 556), 8, fill=(15, 106, 106))
    draw.text((54, 520), "Export CSV", "white", _font(_BOLD, 18))
    draw.text(
        (240, 522), "5 of 1,287 orders · updated 2 minutes ago", (90, 98, 112), _font(_SANS, 16)
    )
    return image


def _gradient(size: tuple[int, int], first: tuple[int, ...], last: tuple[int, ...]) -> Image.Image:
    """Return a horizontal gradient."""
    mask = Image.linear_gradient("L").rotate(90).resize(size)
    return Image.composite(Image.new("RGB", size, last), Image.new("RGB", size, first), mask)


if __name__ == "__main__":
    main()
