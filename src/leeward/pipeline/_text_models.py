"""The text models of a data folder: trained, put in force, and as signals."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from leeward.errors import Corrupt
from leeward.pipeline._text_encoder import OnnxEncoder
from leeward.signals import RARE_LINE, WITHOUT, RareText, TextModel, train_text_model
from leeward.store import ModelAct, ModelFiles

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from leeward.signals import RareLevel, TextExample, Trained

__all__ = [
    "load_text_model",
    "rare_text_signal",
    "text_model_files",
    "train_text",
    "use_text_model",
]

THREAD = "-thread"
"""What is put behind a model's name for the signal that adds up by thread."""


def load_text_model(
    data: str | os.PathLike[str], name: str, version: str | None = None, *, encoder: bool = True
) -> TextModel:
    """A text model of a data folder: a version of it, or the one in force.

    Args:
        data: The data folder.
        name: Of the model.
        version: Which; the one in force, if not given.
        encoder: Whether its sentence encoder is opened, where it was trained with one.

    Raises:
        UsageError: There is no such model or version.
        Corrupt: The file is damaged, or it holds another version than its name says.
        DependencyDown: It was trained with an encoder that is not there.
    """
    files = ModelFiles(Path(data))
    asked = version or files.in_force(name)
    model = TextModel.from_bytes(files.read(name, asked), where=f"{name} {asked}")
    if model.version.removesuffix(WITHOUT) != asked:
        raise Corrupt(
            "the file holds another version than its name says",
            where=f"{name} {asked}",
            hint="restore it from a backup, or train it anew",
        )
    second = model.facts.second
    return model.with_encoder(OnnxEncoder(second.place)) if encoder and second else model


def train_text(
    data: str | os.PathLike[str],
    name: str,
    examples: Iterable[TextExample],
    by: str,
    *,
    put: bool = True,
    encoder: str | None = None,
) -> Trained:
    """Train a model, keep it, and put it in force.

    Args:
        data: The data folder.
        name: Of the model.
        examples: What it learns from; nothing of them is kept but weights by hash.
        by: The person who does it.
        put: Whether it is put in force.
        encoder: Where a sentence encoder lies that looks again at the top few per cent; none, if
            not given. See :class:`OnnxEncoder`.

    Raises:
        UsageError: There are too few examples of a label, or the name is not of the form.
        DependencyDown: The encoder, or a package that it needs, is not there.
    """
    files = ModelFiles(Path(data))
    files.versions(name)  # a name that cannot be used is told before the work
    trained = (
        train_text_model(examples, OnnxEncoder(encoder), encoder)
        if encoder
        else train_text_model(examples)
    )
    model = trained.model
    act = _act(model.version, by) if put and files.in_force(name) != model.version else None
    files.add(name, model.version, model.to_bytes(), act)
    return trained


def use_text_model(data: str | os.PathLike[str], name: str, version: str, by: str) -> TextModel:
    """Put a version in force that was trained before: roll back, or forward again.

    Raises:
        UsageError: There is no such version.
        Corrupt: It is damaged; what is in force stays so.
    """
    model = load_text_model(data, name, version)
    ModelFiles(Path(data)).use(name, _act(version, by))
    return model


def rare_text_signal(
    data: str | os.PathLike[str], name: str, level: RareLevel, *, line: float = RARE_LINE
) -> RareText:
    """The signal of a model in force, with an empty memory.

    Args:
        data: The data folder.
        name: Of the signal. That by account has the name of the model; that by thread has
            ``-thread`` behind it.
        level: Whether messages are added up by account or by thread.
        line: The score from which on it tells.

    Raises:
        UsageError: No model of that name is in force.
        Corrupt: It is damaged.
    """
    model = load_text_model(data, _model_name(name, level))
    return RareText(model, level, name=name, line=line)


def text_model_files(data: str | os.PathLike[str], name: str, level: RareLevel) -> list[Path]:
    """The file that changes when another model is put in force for a signal."""
    return [ModelFiles(Path(data)).pointer(_model_name(name, level))]


def _model_name(name: str, level: RareLevel) -> str:
    return name.removesuffix(THREAD) if level == "thread" else name


def _act(version: str, by: str) -> ModelAct:
    return ModelAct(version=version, at=time.time_ns() // 1_000, by=by)
