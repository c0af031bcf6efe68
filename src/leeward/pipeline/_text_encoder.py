"""A sentence encoder from the operator's own file or from a package; nothing is ever fetched."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from leeward.errors import DependencyDown, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["OnnxEncoder"]

_PACKAGE: Final = "package:"
_TOKENIZER: Final = "tokenizer.json"
_MOST_TOKENS: Final = 256


class OnnxEncoder:
    """An ONNX model of the BERT family with the ``tokenizer.json`` beside it.

    A text's vector is the mean over its tokens of the model's first output, or that output itself
    where it is one vector a text, made to length 1. Each text is computed alone on one core, so
    that its vector does not depend on those computed with it.

    Args:
        place: An ``.onnx`` file, a folder that holds one, or ``package:NAME`` for a Python package
            that holds one. The tokenizer lies beside the model or in the folder above it.

    Raises:
        DependencyDown: A package is not installed, or the file is not there.
        InputError: The model or the tokenizer cannot be used.
    """

    def __init__(self, place: str) -> None:
        model, tokenizer = _files(place)
        runtime, tokenizers = _module("onnxruntime"), _module("tokenizers")
        digest = hashlib.sha256(model.read_bytes())
        digest.update(tokenizer.read_bytes())
        self.version: Final = digest.hexdigest()[:16]
        try:
            options = runtime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            self._session: Final[Any] = runtime.InferenceSession(
                str(model), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer: Final[Any] = tokenizers.Tokenizer.from_file(str(tokenizer))
        except Exception as error:
            raise InputError(
                "the encoder's model or its tokenizer cannot be used",
                where=place,
                hint="give an ONNX model of the BERT family with its tokenizer.json",
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_MOST_TOKENS)
        self._inputs: Final = {one.name for one in self._session.get_inputs()}

    def __repr__(self) -> str:
        """Its version."""
        return f"<OnnxEncoder {self.version}>"

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """A vector a text: see :class:`~leeward.signals.Encoder`."""
        vectors = [self._vector(text) for text in texts]
        return np.stack(vectors) if vectors else np.zeros((0, 0), np.float32)

    def _vector(self, text: str) -> npt.NDArray[np.float32]:
        tokens = self._tokenizer.encode(text)
        ids = np.array([tokens.ids], np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        given["token_type_ids"] = np.zeros_like(ids)
        asked = {name: value for name, value in given.items() if name in self._inputs}
        out = np.asarray(self._session.run(None, asked)[0][0], np.float32)
        vector = out.mean(axis=0) if out.ndim == 2 else out
        length = float(np.sqrt((vector.astype(np.float64) ** 2).sum()))
        scaled: npt.NDArray[np.float32] = (vector / max(length, 1e-12)).astype(np.float32)
        return scaled


def _files(place: str) -> tuple[Path, Path]:
    found = _package(place.removeprefix(_PACKAGE)) if place.startswith(_PACKAGE) else Path(place)
    models = [found] if found.is_file() else sorted(found.rglob("*.onnx"))
    if not models:
        raise DependencyDown(
            "there is no ONNX model here", where=place, hint="name an .onnx file or its folder"
        )
    model = models[0]
    for folder in (model.parent, model.parent.parent):
        if (folder / _TOKENIZER).is_file():
            return model, folder / _TOKENIZER
    raise DependencyDown(
        f"there is no {_TOKENIZER} beside the model",
        where=place,
        hint="copy it from where the model comes from",
    )


def _package(name: str) -> Path:
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        found = None
    if found is None or not found.submodule_search_locations:
        raise DependencyDown(
            "the package with the encoder is not installed",
            where=f"{_PACKAGE}{name}",
            hint="install it with pip",
        )
    return Path(next(iter(found.submodule_search_locations)))


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise DependencyDown(
            f"{name} is not installed, and a sentence encoder needs it",
            where=name,
            hint="pip install 'leeward[encoder]'",
        ) from None
