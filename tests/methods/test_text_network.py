"""The text side of an encoder: tokens cut and padded as its network wants them, and files that are none."""

import json

import numpy as np
import onnx_files
import pytest

pytest.importorskip("openvino", reason="the extra `fast` is not installed")
pytest.importorskip("tokenizers", reason="the extra `words` is not installed")

from datasets.errors import WeightsError
from methods.networks.text_network import TextNetwork, text_network
from methods.spec import TextSide

RED, GREEN = onnx_files.COLOURS[2], onnx_files.COLOURS[3]
TO_FOUR = {
    "strategy": {"Fixed": 4},
    "direction": "Right",
    "pad_to_multiple_of": None,
    "pad_id": 0,
    "pad_type_id": 0,
    "pad_token": "[PAD]",
}


@pytest.fixture
def made(tmp_path):
    """Makes a TextNetwork of a network, a padding and settings."""

    def make(content, padding=None, **settings):
        (tmp_path / "text.onnx").write_bytes(content)
        (tmp_path / "tokenizer.json").write_text(onnx_files.tokenizer(padding))
        return TextNetwork(tmp_path / "text.onnx", tmp_path / "tokenizer.json", **settings)

    return make


def test_each_text_gets_the_row_of_its_words(made):
    network = made(onnx_files.text_network())
    assert network.dimension == 3
    rows = network.encode(["red", "red green", "green green red"])
    assert rows.dtype == np.float32
    assert np.allclose(rows, [RED, (RED + GREEN) / 2, (RED + 2 * GREEN) / 3])


def test_a_long_text_is_cut(made):
    network = made(onnx_files.text_network(), tokens=2)
    assert np.allclose(network.encode(["green green red red red"]), GREEN)


@pytest.mark.parametrize("lower", [True, False])
def test_small_letters_are_for_networks_trained_on_them(made, lower):
    row = made(onnx_files.text_network(), lower=lower).encode(["RED"])
    assert np.allclose(row, RED if lower else onnx_files.COLOURS[1])


@pytest.mark.parametrize("padding", [None, TO_FOUR])
def test_a_network_of_fixed_width_is_fed_that_width(made, padding):
    row = made(onnx_files.text_network(width=6), padding).encode(["red"])
    assert np.allclose(row, RED / 6)


def test_padding_that_the_tokenizer_brings_is_kept(made):
    """SigLIP 2 reads the place behind the padding: without it its rows are wrong."""
    assert np.allclose(made(onnx_files.text_network(), TO_FOUR, tokens=8).encode(["red"]), RED / 8)


def test_the_mask_leaves_padding_out(made):
    assert np.allclose(made(onnx_files.text_network(masked=True), TO_FOUR).encode(["red"]), RED)


@pytest.mark.parametrize(
    ("network", "tokenizer", "says"),
    [
        (onnx_files.small_network(), onnx_files.tokenizer(), "is fed image: a text network takes input_ids"),
        (onnx_files.text_network()[:-9], onnx_files.tokenizer(), "text.onnx"),
        (onnx_files.text_network(), "{", "cannot be read as a tokenizer.json"),
        (onnx_files.text_network(), json.dumps({"model": 3}), "cannot be read as a tokenizer.json"),
        (onnx_files.text_network(), None, "is no tokenizer.json"),
    ],
    ids=["image network", "cut network", "cut tokenizer", "another json", "no tokenizer"],
)
def test_files_that_are_none_are_told_in_one_line(tmp_path, network, tokenizer, says):
    (tmp_path / "text.onnx").write_bytes(network)
    if tokenizer is not None:
        (tmp_path / "tokenizer.json").write_text(tokenizer)
    with pytest.raises(WeightsError, match=says) as told:
        TextNetwork(tmp_path / "text.onnx", tmp_path / "tokenizer.json")
    assert "\n" not in str(told.value)


def test_an_output_that_is_not_there_and_a_network_for_two_texts_at_once(made):
    with pytest.raises(WeightsError, match="no tensor called 'pooled'"):
        made(onnx_files.text_network(), output="pooled")
    with pytest.raises(WeightsError, match=r"text\.onnx cannot be run on one text"):
        made(onnx_files.text_network(texts=2)).encode(["red"])


def test_names_are_those_of_weights(tmp_path):
    with pytest.raises(WeightsError, match="fetch clip-vit-b32-text"):
        text_network(TextSide(network="clip-vit-b32-text", tokenizer="clip-vit-b32-tokenizer"), tmp_path)
