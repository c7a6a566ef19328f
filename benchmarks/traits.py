"""Describe public sets beyond their labels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Traits:
    """Describe how to interpret the labels of a set.

    Attributes:
        main: the figure a set is judged by, ``word_f`` or ``character_f``; where the labels
            cover only part of the text, recall takes its place.
        lost_glyph: a character that stands for a glyph lost in the labels' encoding.
        ordered: the labels of an image stand in reading order.
        group: what its images are, for times: ``web`` (of web pages and screens) or
            ``dense`` (pages full of text); None is neither.
    """

    main: str = "word_f"
    lost_glyph: str | None = None
    ordered: bool = False
    group: str | None = None


_KNOWN = {
    "born_digital_icdar2013_ch1": Traits(group="web"),
    "fdroid_app_ui": Traits(group="web"),
    "funsd_test": Traits(group="dense"),
    "memes_zh": Traits(group="web"),
    "mtwi20": Traits(lost_glyph="?", group="web"),
    "scribe_docs": Traits(ordered=True),
    "sroie": Traits(ordered=True, group="dense"),
    "weibo_app_ui": Traits(group="web"),
    "wildreceipt60": Traits(main="character_f"),  # its labels drop spaces
}


def traits_of(set_name: str) -> Traits:
    """Return the traits of a set, the default ones for an unknown set."""
    return _KNOWN.get(set_name, Traits())
