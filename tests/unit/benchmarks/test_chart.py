from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.latency.chart import draw


def part(images: int, **ratios: float) -> dict[str, Any]:
    engines = {name: {"ratio_of_totals": ratio} for name, ratio in ratios.items()}
    return {"pictures": images, "engines": engines}


def test_the_same_figures_give_the_same_chart_with_every_peer(tmp_path: Path) -> None:
    parts = {
        "all": part(9, ours=1, rapidocr=3.5, tesseract=9),
        "web": part(7, ours=1, rapidocr=4.25, tesseract=9),
        "dense": part(2, ours=1, rapidocr=2.5, tesseract=9),
        "sroie": part(2, ours=1, rapidocr=2.5, tesseract=9),
    }
    charts = [tmp_path / "charts" / name for name in ("a.svg", "b.svg")]
    for chart in charts:
        draw(parts, chart)
    first, again = (chart.read_text(encoding="utf-8") for chart in charts)
    assert first == again
    for text in ("4.25", "2.50", "rapidocr", "tesseract", "web images (7)", "dense pages (2)"):
        assert f">{text}</text>" in first
    assert "sroie" not in first
    assert "dc:date" not in first
