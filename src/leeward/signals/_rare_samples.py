"""A small rare-text model of made-up words, and what the signals built on it say."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING

from leeward.model import Event
from leeward.signals._rare import RareText
from leeward.signals._signal import Example
from leeward.signals._text_model_train import TextExample, train_text_model

if TYPE_CHECKING:
    from leeward.model import Outcome
    from leeward.signals._rare import RareLevel
    from leeward.signals._text_model import TextModel

__all__ = ["rare_samples"]

_RARE = "tavoruk mezzadi kolbrin usparet wendoka"
_ORDINARY = "harbour anchor garden barley ferry window kettle meadow lantern orchard"


def rare_samples() -> tuple[RareText, ...]:
    """One of each level."""
    return (_sample("account", "keeper", None), _sample("thread", "keeper/1", "keeper/1"))


@cache
def _model() -> TextModel:
    rng = random.Random(5)  # noqa: S311 - made-up messages
    rare, ordinary = _RARE.split(), _ORDINARY.split()
    examples = [
        TextExample(
            text=" ".join([*rng.sample(ordinary, 2), *(rng.sample(rare, 2) if n < 40 else ())]),
            label="rare" if n < 40 else "ordinary",
            lang="qaa",
        )
        for n in range(400)
    ]
    return train_text_model(examples).model


def _sample(level: RareLevel, keeper: str, root: str | None) -> RareText:
    first, second = "tavoruk at the usparet", "a mezzadi of kolbrin"
    return RareText(
        _model(),
        level,
        line=3.0,
        examples=(
            _example("nothing of it", "harbour and ferry", "miss", keeper, root),
            _example("one message of it is not enough", first, "miss", keeper, root),
            _example("a second one", second, "hit", keeper, root, (13, 20), (15, 22)),
            _example("nothing new is told", "anchor and kettle", None, keeper, root),
            _example("a script without examples", "якорь и мост", "abstained", keeper, root),
            _example(
                "a language without examples",
                "gate and lamp",
                "abstained",
                keeper,
                root,
                lang="qab",
            ),
            _example("no text", None, None, keeper, root),
            _example("of another", "garden with a lantern", "miss", "other", "other/1"),
        ),
    )


def _example(
    about: str,
    text: str | None,
    outcome: Outcome | None,
    actor: str,
    root: str | None,
    *spans: tuple[int, int],
    lang: str = "qaa",
) -> Example:
    name = about.replace(" ", "-")
    event = Event(
        id=f"sample:at://{name}@1#create",
        source="sample",
        kind="post",
        op="create",
        at=0,
        actor=f"at://{actor}",
        object=f"at://{name}",
        root=None if root is None else f"at://{root}",
        text=text,
        lang=lang,
    )
    return Example(about=about, event=event, outcome=outcome, spans=spans)
