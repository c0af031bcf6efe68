"""An encoder from a file or a package: what is asked of the run time, and what is missing."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from leeward.errors import DependencyDown, InputError
from leeward.pipeline import OnnxEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Session:
    """Stands in for a model: a token's vector is its number and one."""

    def __init__(self, path: str, options: Any, providers: Sequence[str]) -> None:
        if Path(path).read_bytes() == b"broken":
            raise RuntimeError("not a model")
        assert options.intra_op_num_threads == options.inter_op_num_threads == 1
        assert list(providers) == ["CPUExecutionProvider"]

    def get_inputs(self) -> list[Any]:
        names = ("input_ids", "attention_mask")
        return [types.SimpleNamespace(name=name) for name in names]

    def run(self, _: None, given: dict[str, Any]) -> list[Any]:
        assert set(given) == {"input_ids", "attention_mask"}
        ids = given["input_ids"]
        assert ids.shape[0] == 1  # each text alone
        return [np.stack([ids, np.ones_like(ids)], axis=2).astype(np.float32)]


class _Tokenizer:
    """Stands in for a tokenizer: a word's number is its length."""

    @classmethod
    def from_file(cls, _: str) -> _Tokenizer:
        return cls()

    def no_padding(self) -> None:
        pass

    def enable_truncation(self, most: int) -> None:
        assert most == 256

    def encode(self, text: str) -> Any:
        return types.SimpleNamespace(ids=[len(word) for word in text.split()])


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = types.SimpleNamespace(InferenceSession=_Session, SessionOptions=types.SimpleNamespace)
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    tokenizers = types.SimpleNamespace(Tokenizer=_Tokenizer)
    monkeypatch.setitem(sys.modules, "tokenizers", tokenizers)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx" / "model.onnx").write_bytes(b"weights")
    (tmp_path / "tokenizer.json").write_text("{}")
    return tmp_path


@pytest.mark.usefixtures("installed")
def test_a_vector_is_the_mean_over_the_tokens_at_length_one(folder: Path) -> None:
    encoder = OnnxEncoder(str(folder))
    vectors = encoder.encode(["oar sail", "mooring"])
    assert vectors.shape == (2, 2)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(vectors[0] / vectors[0][1], [3.5, 1], atol=1e-5)
    np.testing.assert_allclose(vectors[1:], encoder.encode(["mooring"]))
    assert encoder.encode([]).shape[0] == 0


@pytest.mark.usefixtures("installed")
def test_its_version_is_that_of_its_files(folder: Path) -> None:
    first = OnnxEncoder(str(folder)).version
    assert OnnxEncoder(str(folder / "onnx" / "model.onnx")).version == first
    (folder / "tokenizer.json").write_text("{ }")
    assert OnnxEncoder(str(folder)).version != first


@pytest.mark.usefixtures("installed")
def test_a_package_that_holds_one_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = folder / "harbour_encoder"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (folder / "onnx").rename(package / "onnx")
    (folder / "tokenizer.json").rename(package / "tokenizer.json")
    monkeypatch.syspath_prepend(str(folder))
    assert OnnxEncoder("package:harbour_encoder").version
    with pytest.raises(DependencyDown, match="package with the encoder is not installed"):
        OnnxEncoder("package:no_such_encoder")


@pytest.mark.usefixtures("installed")
def test_what_is_missing_or_no_model_is_said(folder: Path) -> None:
    with pytest.raises(DependencyDown, match="no ONNX model"):
        OnnxEncoder(str(folder / "elsewhere"))
    (folder / "tokenizer.json").rename(folder / "other.json")
    with pytest.raises(DependencyDown, match=r"no tokenizer\.json"):
        OnnxEncoder(str(folder))
    (folder / "other.json").rename(folder / "tokenizer.json")
    (folder / "onnx" / "model.onnx").write_bytes(b"broken")
    with pytest.raises(InputError, match="cannot be used"):
        OnnxEncoder(str(folder))


def test_without_the_run_time_it_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DependencyDown) as error:
        OnnxEncoder(str(folder))
    assert (error.value.exit_code, "leeward[encoder]" in (error.value.hint or "")) == (3, True)
