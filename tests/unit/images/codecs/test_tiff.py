from __future__ import annotations

import struct

import pytest

from web_image_ocr.images.codecs.tiff import read_orientation, read_tags

Entry = tuple[int, int, int, bytes]


def directory(*entries: Entry, order: str = "<") -> bytes:
    """Return a TIFF with one directory. An entry is tag, field type, count and 4-byte value."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    body = b"".join(struct.pack(order + "HHL", *entry[:3]) + entry[3] for entry in entries)
    return mark + struct.pack(order + "LH", 8, len(entries)) + body + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "layout"), [(1, "Bxxx"), (3, "Hxx"), (4, "L")])
def test_each_integer_type_is_read(order: str, kind: int, layout: str) -> None:
    data = directory((256, kind, 1, struct.pack(order + layout, 77)), order=order)
    assert read_tags(data, (256, 257)) == {256: 77}


def test_big_tiff_is_read() -> None:
    head = b"II" + struct.pack("<HHHQQ", 43, 8, 0, 16, 1)
    assert read_tags(head + struct.pack("<HHQQ", 256, 16, 1, 2**40), (256,)) == {256: 2**40}


def test_first_of_several_values_is_read_at_its_offset() -> None:
    data = directory((258, 3, 3, struct.pack("<L", 26))) + struct.pack("<HHH", 8, 9, 10)
    assert read_tags(data, (258,)) == {258: 8}


@pytest.mark.parametrize("kind", [0, 2, 5, 6, 7, 8, 9, 11, 17])
def test_wanted_tag_of_another_type_is_an_error(kind: int) -> None:
    """libtiff accepts some of them as numbers."""
    data = directory((256, kind, 1, b"7\0\0\0"))
    assert read_tags(data, (257,)) == {}
    with pytest.raises(struct.error):
        read_tags(data, (256,))


def test_more_entries_than_the_limit_are_an_error() -> None:
    last = (256, 4, 1, struct.pack("<L", 77))
    assert read_tags(directory(*numbered(4095), last), (256,)) == {256: 77}
    with pytest.raises(struct.error):
        read_tags(directory(*numbered(4096), last), (256,))


def numbered(count: int) -> list[Entry]:
    return [(40_000 + number, 3, 1, bytes(4)) for number in range(count)]


def test_duplicate_tag_is_an_error() -> None:
    one = (256, 4, 1, struct.pack("<L", 16))
    with pytest.raises(struct.error):
        read_tags(directory(one, one), (256,))


@pytest.mark.parametrize(("value", "read"), [(1, 1), (8, 8), (0, 1), (9, 1)])
def test_orientation_out_of_range_is_upright(value: int, read: int) -> None:
    assert read_orientation(directory((0x0112, 3, 1, struct.pack("<Hxx", value)))) == read
