"""Checklist of the contract, lines 1 to 26, 29 and 30: recognized images."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.images import chinese_image, draw_image, encode_image, text_box, to_base64
from tests.support.servers import Service, words

pytestmark = [pytest.mark.server, pytest.mark.models]

Block = dict[str, Any]

ADDRESS = draw_image(((40, 40), "13112345678"), ((40, 100), "Shenzhen Longgang"))


def _blocks(result: dict[str, Any]) -> list[Block]:
    blocks: list[Block] = result["words_block_list"]
    assert blocks
    return blocks


def _is_clockwise(location: list[list[int]]) -> bool:
    """With y downwards the shoelace sum of a clockwise polygon is positive."""
    following = [*location[1:], location[0]]
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(location, following, strict=True)) > 0


def test_01_a_valid_call_is_200_with_a_result(service: Service, hello: bytes) -> None:
    response = service.post({"image": to_base64(hello)})
    assert response.status_code == 200
    body = response.json()
    assert isinstance(body["result"], dict)
    assert "error_code" not in body
    assert "error_msg" not in body
    assert words(body["result"]) == ["HelloWorld"]


def test_02_the_count_is_the_length_of_the_list(service: Service) -> None:
    two = encode_image(draw_image(((40, 30), "First line"), ((40, 100), "Second line")))
    result = service.recognize(two)
    assert type(result["words_block_count"]) is int
    assert result["words_block_count"] == len(result["words_block_list"]) == 2


def test_03_words_and_confidence(service: Service, hello: bytes) -> None:
    for block in _blocks(service.recognize(hello)):
        assert isinstance(block["words"], str)
        assert isinstance(block["confidence"], float)
        assert 0 <= block["confidence"] <= 1
        assert round(block["confidence"], 4) == block["confidence"]


def test_04_location_is_four_pairs_of_integers(service: Service, hello: bytes) -> None:
    for block in _blocks(service.recognize(hello)):
        assert len(block["location"]) == 4
        for pair in block["location"]:
            assert [type(number) for number in pair] == [int, int]


def test_05_vertices_of_an_upright_line(service: Service, hello: bytes) -> None:
    (block,) = _blocks(service.recognize(hello))
    left, top, right, bottom = text_box((60, 60), "Hello World")
    expected = [(left, top), (right, top), (right, bottom), (left, bottom)]
    for found, corner in zip(block["location"], expected, strict=True):
        assert found == pytest.approx(corner, abs=10)


@pytest.mark.parametrize("detect_direction", [True, False])
@pytest.mark.parametrize(("turn", "direction"), [(90, (0, -1)), (180, (-1, 0)), (270, (0, 1))])
def test_06_rotated_text(
    service: Service, turn: int, direction: tuple[int, int], *, detect_direction: bool
) -> None:
    upright = draw_image(((40, 60), "quality and speed"), height=40)
    turned = encode_image(upright.rotate(turn, expand=True))
    result = service.recognize(turned, detect_direction=detect_direction)
    assert words(result) == ["qualityandspeed"]
    _assert_runs(result["words_block_list"][0]["location"], direction)


@pytest.mark.parametrize("detect_direction", [True, False])
def test_06_a_column(service: Service, *, detect_direction: bool) -> None:
    column = encode_image(chinese_image((60, 30), (60, 84), (60, 138), size=(160, 220)))
    result = service.recognize(column, detect_direction=detect_direction)
    assert words(result) == ["田中土"]
    _assert_runs(result["words_block_list"][0]["location"], (0, 1))


def _assert_runs(location: list[list[int]], direction: tuple[int, int]) -> None:
    """Assert clockwise vertices and a long first edge in this direction."""
    assert _is_clockwise(location)
    (x0, y0), (x1, y1), (x2, y2), _ = location
    along = (x1 - x0) * direction[0] + (y1 - y0) * direction[1]
    assert along > 5 * abs((x1 - x0) * direction[1] + (y1 - y0) * direction[0])
    assert along > 2 * (abs(x2 - x1) + abs(y2 - y1))


@pytest.mark.parametrize("detect_direction", [True, False])
def test_07_coordinates_are_inside_the_image_as_sent(
    service: Service, *, detect_direction: bool
) -> None:
    tilted = draw_image(((60, 60), "Hello World")).rotate(30, expand=True, fillcolor="white")
    result = service.recognize(encode_image(tilted), detect_direction=detect_direction)
    points = [point for block in _blocks(result) for point in block["location"]]
    assert all(0 <= x < tilted.width and 0 <= y < tilted.height for x, y in points)
    if detect_direction:
        # The text is centered in the image, before and after rotation.
        xs, ys = zip(*points, strict=True)
        left, top, right, bottom = text_box((60, 60), "Hello World")
        off_centre = ((left + right) / 2 - 240, (top + bottom) / 2 - 80)
        assert sum(xs) / len(xs) == pytest.approx(
            tilted.width / 2 + off_centre[0] * 0.866 + off_centre[1] * 0.5, abs=8
        )
        assert sum(ys) / len(ys) == pytest.approx(
            tilted.height / 2 - off_centre[0] * 0.5 + off_centre[1] * 0.866, abs=8
        )


def test_08_of_two_lines_the_upper_one_comes_first(service: Service) -> None:
    two = encode_image(draw_image(((40, 30), "Upper"), ((40, 100), "Lower")))
    assert words(service.recognize(two)) == ["Upper", "Lower"]


def test_09_of_two_texts_in_a_row_the_left_one_comes_first(service: Service) -> None:
    two = encode_image(draw_image(((360, 60), "Right"), ((20, 62), "Left")))
    assert words(service.recognize(two)) == ["Left", "Right"]


@pytest.mark.parametrize("fields", [{}, {"extract_type": []}])
def test_10_nothing_extracted(service: Service, hello: bytes, fields: dict[str, Any]) -> None:
    assert service.recognize(hello, **fields)["extracted_data"] == {}


def test_11_image_size(service: Service, hello: bytes) -> None:
    result = service.recognize(hello, extract_type=["image_size"])
    size = result["extracted_data"]["image_size"]
    assert size == {"width": 480, "height": 160}
    assert [type(side) for side in size.values()] == [int, int]


@pytest.fixture(scope="module")
def with_contact(service: Service) -> dict[str, Any]:
    """Return the answer for an image with an address and all options."""
    return service.recognize(encode_image(ADDRESS), extract_type=["contact_info", "image_size"])


@pytest.mark.xfail(raises=KeyError, reason="contact information is not extracted yet")
def test_12_contact_info(with_contact: dict[str, Any]) -> None:
    found = with_contact["extracted_data"]["contact_info"]
    known = {"name", "phone", "province", "city", "district", "detail_address"}
    assert set(found) <= known
    assert all(isinstance(value, str) for value in found.values())


def test_13_only_requested_data_appears(service: Service) -> None:
    file = encode_image(ADDRESS)
    assert set(service.recognize(file, extract_type=["image_size"])["extracted_data"]) == {
        "image_size"
    }
    contact = service.recognize(file, extract_type=["contact_info"])["extracted_data"]
    assert "image_size" not in contact


@pytest.mark.xfail(raises=KeyError, reason="contact information is not extracted yet")
def test_14_both_requested(with_contact: dict[str, Any]) -> None:
    assert with_contact["extracted_data"]["image_size"]
    assert with_contact["extracted_data"]["contact_info"]


def test_15_no_block_has_extracted_data(service: Service, hello: bytes) -> None:
    result = service.recognize(hello, extract_type=["image_size"])
    assert all("extracted_data" not in block for block in _blocks(result))


def test_16_an_upside_down_image_gives_the_same_text(service: Service) -> None:
    upright = draw_image(((40, 30), "Upper line"), ((40, 100), "Lower line"))
    turned = encode_image(upright.rotate(180))
    assert words(service.recognize(turned, detect_direction=True)) == words(
        service.recognize(encode_image(upright), detect_direction=True)
    )
    assert words(service.recognize(turned, detect_direction=True)) == ["Upperline", "Lowerline"]


def test_17_detect_direction_is_off_by_default(service: Service) -> None:
    turned = encode_image(draw_image(((60, 60), "Hello World")).rotate(180))
    missing = service.recognize(turned)
    assert missing == service.recognize(turned, detect_direction=False)
    assert missing != service.recognize(turned, detect_direction=True)


def test_18_there_is_no_direction(service: Service, hello: bytes) -> None:
    for asked in (True, False):
        assert "direction" not in service.recognize(hello, detect_direction=asked)


@pytest.fixture(scope="module")
def with_fonts(service: Service, hello: bytes) -> list[Block]:
    """Return the blocks of an answer with fonts requested."""
    return _blocks(service.recognize(hello, detect_font=True))


@pytest.mark.xfail(raises=KeyError, reason="fonts are not named yet")
def test_19_five_fonts_per_block(with_fonts: list[Block]) -> None:
    for block in with_fonts:
        assert len(block["font_list"]) == len(block["font_scores"]) == 5


@pytest.mark.xfail(raises=KeyError, reason="fonts are not named yet")
def test_20_font_scores_descend(with_fonts: list[Block]) -> None:
    for block in with_fonts:
        scores = block["font_scores"]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)


@pytest.mark.parametrize("fields", [{}, {"detect_font": False}])
def test_21_fonts_are_off_by_default(
    service: Service, hello: bytes, fields: dict[str, Any]
) -> None:
    for block in _blocks(service.recognize(hello, **fields)):
        assert set(block) == {"words", "confidence", "location"}


def test_22_detect_text_direction(service: Service, hello: bytes) -> None:
    missing = service.recognize(hello)
    assert service.recognize(hello, detect_text_direction=True) == missing
    assert words(service.recognize(hello, detect_text_direction=False)) == ["HelloWorld"]


def test_23_an_image_without_text(service: Service) -> None:
    result = service.recognize(encode_image(draw_image()))
    assert result["words_block_count"] == 0
    assert result["words_block_list"] == []
    assert result["extracted_data"] == {}


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP"])
def test_24_formats_of_2021(service: Service, form: str) -> None:
    file = encode_image(draw_image(((60, 60), "Hello World")), form)
    assert words(service.recognize(file)) == ["HelloWorld"]


@pytest.mark.parametrize("form", ["TGA", "ICO", "PCX"])
def test_25_formats_of_2025(service: Service, lenient_service: Service, form: str) -> None:
    file = encode_image(draw_image(((20, 60), "Hello World"), size=(240, 160)), form)
    assert words(lenient_service.recognize(file)) == ["HelloWorld"]
    of_2021 = service.post({"image": to_base64(file)})
    assert (of_2021.status_code, of_2021.json()["error_code"]) == (400, "AIS.0102")


@pytest.mark.parametrize(
    "content_type", ["application/json;charset=utf-8", "Application/JSON; Charset=UTF-8"]
)
def test_26_content_type_with_a_charset(service: Service, hello: bytes, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    response = service.post({"image": to_base64(hello)}, headers=headers)
    assert response.json()["result"] == service.recognize(hello)


@pytest.mark.parametrize("project", ["0", "a" * 32, "no such project!", ""])
def test_29_any_enterprise_project(service: Service, hello: bytes, project: str) -> None:
    headers = {"Enterprise-Project-Id": project}
    assert service.post({"image": to_base64(hello)}, headers=headers).status_code == 200


def test_30_unknown_keys_and_any_order(service: Service, hello: bytes) -> None:
    body: dict[str, Any] = {
        "zeta": {"a": [1]},
        "extract_type": [],
        "image": to_base64(hello),
        "alpha": None,
    }
    assert service.post(body).json()["result"] == service.recognize(hello)
