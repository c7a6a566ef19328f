from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from web_image_ocr.engine.recognition.decoder import Decoder
from web_image_ocr.engine.recognition.lexicon import Lexicon


@given(st.data())
def test_ctc_decodes_encoded_text(data: st.DataObject) -> None:
    characters = ("", "a", "b", "c", " ")
    text = data.draw(st.text(st.sampled_from("abc"), min_size=1, max_size=12))
    steps: list[int] = []
    for character in text:
        steps += [0] * data.draw(st.integers(1, 3))
        steps += [characters.index(character)] * data.draw(st.integers(1, 3))
    steps += [0] * data.draw(st.integers(0, 3))
    reading = Decoder(characters, Lexicon({})).decode(np.eye(5, dtype=np.float32)[steps])
    assert reading.text == text
    assert reading.confidence == 1.0


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_ctc_output_is_always_valid(steps: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    logits = np.exp(random.normal(0, 3, (steps, 5)))
    probabilities = (logits / logits.sum(axis=1, keepdims=True)).astype(np.float32)
    words = Lexicon({"abc": 4.0, "cab": 5.0, "aa": 5.5})
    reading = Decoder(("", "a", "b", "c", " "), words).decode(probabilities)
    assert 0.0 <= reading.confidence <= reading.mean_confidence <= 1.0
    assert len(reading.text) <= steps
    assert reading.text == reading.text.strip()
    assert "  " not in reading.text
