"""Made-up messages of a rare and of ordinary kinds, models of them, and rows of a log."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING

from leeward.model import Event
from leeward.signals import TextExample, TextModel, train_text_model
from tests.signals._lists import made_up, rows_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["examples_of", "message", "model_of", "post", "posts"]

_WORDS = made_up(160, 4, 8, seed=3)
_RARE, _ORDINARY = _WORDS[:25], _WORDS[25:]


def message(rng: random.Random, *, rare: bool) -> str:
    """Seven words; of a rare message three are of its own kind."""
    words = rng.sample(_ORDINARY, 4 if rare else 7) + (rng.sample(_RARE, 3) if rare else [])
    rng.shuffle(words)
    return " ".join(words)


def examples_of(
    seed: int, rare: int = 60, ordinary: int = 300, lang: str | None = "en"
) -> list[TextExample]:
    """Labelled messages."""
    rng = random.Random(seed)  # noqa: S311 - made-up messages
    return [
        TextExample(
            text=message(rng, rare=n < rare), label="rare" if n < rare else "ordinary", lang=lang
        )
        for n in range(rare + ordinary)
    ]


@cache
def model_of(seed: int = 1) -> TextModel:
    """A model of such messages."""
    return train_text_model(examples_of(seed)).model


def post(number: int, text: str | None, actor: str = "boat:1", **more: object) -> Event:
    """A post in English, as a producer sends it."""
    fields: dict[str, object] = {
        "id": f"harbour:post/{number}@1#create",
        "source": "harbour",
        "kind": "post",
        "op": "create",
        "at": number,
        "actor": actor,
        "object": f"post/{number}",
        "text": text,
        "lang": "en",
    }
    return Event(**(fields | more))  # type: ignore[arg-type]


def posts(texts: list[str], actor: str = "boat:1") -> pa.RecordBatch:
    """Rows of posts by one account."""
    return rows_of([post(n, text, actor) for n, text in enumerate(texts)])
