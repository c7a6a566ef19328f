from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.accuracy.losses import Cause, Losses, is_judged, losses, losses_of
from benchmarks.dataset import Label, Sample
from benchmarks.engines import FoundLine
from benchmarks.text import ANY_GLYPH, word_bag
from tests.unit.benchmarks.samples import box, found, label, sample

ROW = box(0, 0, 100, 10)


def words(text: str) -> list[Label]:
    """Return a label for each word on the first row, ten pixels a character."""
    labels, x = [], 0
    for word in text.split():
        labels.append(label(word, box(x, 0, 10 * len(word), 10)))
        x += 10 * (len(word) + 1)
    return labels


def row(text: str) -> FoundLine:
    return found(text, box(0, 0, 10 * len(text), 10), 0.9)


def causes(labels: list[Label], *lines: FoundLine) -> tuple[dict[str, int], dict[str, int]]:
    result = losses(sample(labels), lines)
    lost, invented = ({x.value: n for x, n in y.items()} for y in (result.lost, result.invented))
    return lost, invented


def test_a_correct_answer_has_no_losses() -> None:
    assert causes(words("one two"), row("one two")) == ({}, {})
    assert causes([label("one two", ROW)], found("one two", ROW)) == ({}, {})


def test_uncovered_labels_are_missed_and_unlabelled_lines_are_found_nowhere() -> None:
    far = found("dust", box(0, 300, 40, 10))
    grazing = found("one", box(-20, 0, 34, 10))
    assert causes(words("one"), far) == ({"missed": 1}, {"nowhere": 1})
    assert causes(words("one two"), grazing, far) == ({"missed": 1}, {"nowhere": 1})


def test_text_of_a_line_beyond_its_labels_is_found_nowhere() -> None:
    assert causes(words("one two"), row("one two xyz")) == ({}, {"nowhere": 1})


def test_a_wrong_letter_is_misread_and_leaves_its_neighbours_alone() -> None:
    assert causes(words("one two six"), row("one tvvo six")) == ({"misread": 1}, {"misread": 1})
    assert causes([label("中文字", ROW)], found("中又字", ROW)) == ({"misread": 1}, {"misread": 1})
    assert causes(words("one two"), row("one    ")) == ({"misread": 1}, {})


def test_words_joined_or_cut_with_all_letters_right_are_lost_by_spaces() -> None:
    assert causes(words("one two six"), row("onetwo  six")) == ({"spaces": 2}, {"spaces": 1})
    assert causes([label("one", ROW)], found("o ne", ROW)) == ({"spaces": 1}, {"spaces": 2})
    assert causes(words("one two"), row("onetvvo")) == (
        {"spaces": 1, "misread": 1},
        {"misread": 1},
    )


def test_units_joined_or_cut_by_a_punctuation_mark_are_lost_by_marks() -> None:
    assert causes([label("12.50", ROW)], found("1250", ROW)) == ({"marks": 2}, {"marks": 1})
    assert causes([label("1250", ROW)], found("12.50", ROW)) == ({"marks": 1}, {"marks": 2})
    assert causes([label("café", ROW)], found("cafe", ROW)) == ({"misread": 1}, {"misread": 1})


def test_a_label_in_pieces_is_split_only_where_the_pieces_meet() -> None:
    left, right = found("big wor", box(0, 0, 60, 10)), found("lb new", box(60, 0, 40, 10))
    whole = [label("big world new", ROW)]
    assert causes(whole, left, right) == ({"split": 1}, {"split": 2})
    wrong = found("bjg old", box(0, 0, 60, 10)), found("new", box(60, 0, 40, 10))
    assert causes([label("big old new", ROW)], *wrong) == ({"misread": 1}, {"misread": 1})


def test_two_rows_in_one_line_are_merged() -> None:
    rows = [label("upper", box(0, 0, 50, 10)), label("lower", box(0, 10, 50, 10))]
    assert causes(rows, found("lunppeer", box(0, 0, 50, 20))) == ({"merged": 2}, {"merged": 1})


def test_letters_lost_at_the_end_of_a_box_that_is_too_short_are_cut() -> None:
    assert causes(words("abcdefghij"), row("abcdef")) == ({"cut": 1}, {"cut": 1})
    assert causes(words("abcdefghij"), row("abcdefghi")) == ({"misread": 1}, {"misread": 1})


def test_a_line_inside_another_is_found_twice() -> None:
    inner = found("two", box(40, 0, 30, 10))
    assert causes(words("one two six"), row("one two six"), inner) == ({}, {"twice": 1})


def test_text_of_an_ignored_label_is_not_scored() -> None:
    hidden = label("###", box(40, 0, 30, 10), ignore=True)
    labels = [label("longer word", box(80, 0, 110, 10)), hidden]
    line = found("abc longer word", box(40, 0, 150, 10))
    assert causes(labels, line) == ({}, {"unscored": 1})
    result = losses(sample(labels), [line])
    assert result.boxes["script", "Latin", "right"] == 1


def test_a_label_on_a_line_that_is_left_out_is_not_scored_rather_than_missed() -> None:
    labels = [*words("one"), label("###", box(40, 0, 60, 10), ignore=True)]
    assert causes(labels, row("one  twenty")) == ({"unscored": 1}, {})
    assert not losses(sample(labels), [row("one  twenty")]).boxes


def test_a_glyph_that_the_label_lost_is_not_scored() -> None:
    assert causes([label(f"中{ANY_GLYPH}文", ROW)], found("中国文", ROW)) == ({}, {"unscored": 1})
    assert causes([label(f"中{ANY_GLYPH}文", ROW)], found("中·文", ROW)) == ({}, {})


def test_units_in_the_bag_are_not_lost_at_any_place() -> None:
    labels = [label("one", box(0, 0, 30, 10)), label("two", box(0, 40, 30, 10))]
    swapped = found("two", box(0, 0, 30, 10)), found("one", box(0, 40, 30, 10))
    assert causes(labels, *swapped) == ({}, {})


texts = st.text(alphabet=f"ab1中文. {ANY_GLYPH}", max_size=6)
quads = st.builds(
    box, *[st.sampled_from(range(0, 60, 5))] * 2, *[st.sampled_from(range(0, 60, 5))] * 2
)
labels_strategy = st.lists(st.builds(label, texts, quads, ignore=st.booleans()), max_size=6)
lines_strategy = st.lists(
    st.builds(found, texts.map(lambda text: text.replace(ANY_GLYPH, "")), quads), max_size=6
)


@given(labels_strategy, lines_strategy)
def test_the_causes_sum_up_to_the_errors_of_the_bag(
    labels: list[Label], lines: list[FoundLine]
) -> None:
    result = losses(sample(labels), lines)
    wanted = word_bag(x.text for x in labels if not x.ignore)
    hits = result.units["labelled"] - result.lost.total()
    assert result.units["labelled"] == wanted.total()
    assert result.units["found"] - result.invented.total() == hits <= wanted.total()


def test_boxes_are_counted_by_script_height_rotation_and_confidence() -> None:
    labels = [*words("one 12 no.7"), label("中文", box(200, 0, 20, 40)), label("-", ROW)]
    lines = [row("one 72 no 7"), found("中文", box(200, 0, 20, 40), 0.5)]
    boxes = losses(sample(labels), lines).boxes
    assert {key: count for key, count in boxes.items() if key[0] == "script" and count} == {
        ("script", "Latin", "labelled"): 1,
        ("script", "Latin", "found"): 1,
        ("script", "Latin", "right"): 1,
        ("script", "digits", "labelled"): 1,
        ("script", "digits", "found"): 1,
        ("script", "mixed", "labelled"): 1,
        ("script", "mixed", "found"): 1,
        ("script", "mixed", "right"): 1,
        ("script", "CJK", "labelled"): 1,
        ("script", "CJK", "found"): 1,
        ("script", "CJK", "right"): 1,
    }
    assert boxes["rotation", "vertical", "right"] == 1
    assert boxes["rotation", "level", "right"] == 2
    assert boxes["height", "10 to 16 px", "labelled"] == 3
    assert boxes["height", "16 to 24 px", "labelled"] == 1
    assert boxes["confidence", "under 0.7", "right"] == 1
    assert boxes["confidence", "0.9 to 0.95", "right"] == 2


def test_a_missed_box_has_no_confidence() -> None:
    boxes = losses(sample(words("one")), []).boxes
    assert boxes["script", "Latin", "labelled"] == 1
    assert not any(trait == "confidence" for trait, _, _ in boxes)


def test_losses_add_up() -> None:
    total, one = Losses(), losses(sample(words("one two")), [row("one")])
    total.add(one)
    total.add(one)
    assert total.units == {"labelled": 4, "found": 2}
    assert total.lost == Counter({Cause.MISSED: 2})


def test_the_losses_of_a_set_are_shown_and_written_as_counts() -> None:
    set_losses = losses_of([(sample(words("one two")), [row("one")])])
    assert set_losses is not None
    assert set_losses.as_json() == {
        "units": {"labelled": 2, "found": 1},
        "lost": {"missed": 1},
        "invented": {},
        "boxes": {
            "script": {"Latin": (2, 1, 1)},
            "height": {"10 to 16 px": (2, 1, 1)},
            "rotation": {"level": (2, 1, 1)},
            "confidence": {"0.9 to 0.95": (1, 1, 1)},
        },
    }
    table = [line.split() for line in str(set_losses).splitlines()]
    assert table[0] == ["units", "lost", "1", "50.0%", "invented", "0", "0.0%"]
    assert table[1] == ["-", "missed", "1", "100.0%", "0", "0.0%"]
    assert table[2][:3] == ["script", "Latin", "2"]


def test_a_set_with_an_image_that_cannot_be_judged_has_no_losses() -> None:
    good, other = sample(words("one")), sample([label("one", None)])
    assert losses_of([(good, []), (other, [])]) is None


def test_only_images_with_a_tight_quad_for_all_their_text_are_judged() -> None:
    def judged(entry: Label, *, partial: bool = False) -> bool:
        image: Sample = sample([label("a", ROW), entry], partial=partial)
        return is_judged(image)

    assert judged(label("b", ROW))
    assert judged(label("###", None, ignore=True))
    assert not judged(label("b", None))
    assert not judged(label("b", ROW, loose=True))
    assert not judged(label("b", ROW), partial=True)
