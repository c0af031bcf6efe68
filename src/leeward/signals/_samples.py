"""A small sample of every signal, with examples: what the contract test replays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeward.model import Event
from leeward.signals._lexicon import Lexicon
from leeward.signals._rare_samples import rare_samples
from leeward.signals._samples_context import context_samples, template_sample
from leeward.signals._signal import Example
from leeward.signals._term import Term

if TYPE_CHECKING:
    from leeward.model import Outcome
    from leeward.signals._signal import Signal

__all__ = ["signal_samples"]


def signal_samples() -> tuple[Signal, ...]:
    """One of each signal of this room, built from made-up words."""
    return (_lexicon(), *rare_samples(), template_sample(), *context_samples())


def _post(
    about: str, text: str | None, *spans: tuple[int, int], tags: tuple[str, ...] = ()
) -> Example:
    event = Event(
        id=f"sample:at://{about}@1#create",
        source="sample",
        kind="post",
        op="create",
        at=0,
        actor="at://keeper",
        object=f"at://{about}",
        text=text,
        tags=tags,
    )
    asked = text is not None or tags
    outcome: Outcome | None = "hit" if spans else "miss" if asked else None
    return Example(about=about, event=event, outcome=outcome, spans=spans)


def _lexicon() -> Lexicon:
    terms = [
        Term(term="mooring", of="harbours", severity="high", language="en"),
        Term(term="rowan bed", of="gardens", hashtags="parts"),
        Term(term="tulip", of="gardens", severity="low", hashtags="only"),
        Term(term="Skiff", of="boats", cased=True),
        Term(term="\N{ANCHOR}", of="boats", severity="low"),
    ]
    return Lexicon(
        terms,
        examples=(
            _post("a word", "the mooring is free", (4, 11)),
            _post("a part of a longer word", "moorings are free"),
            _post("digits for letters", "the m00ring is free", (4, 11)),
            _post("blanks between letters", "a m o o r i n g here", (2, 15)),
            _post("a hashtag of capitalised words", "quiet #OldMooring", (10, 17)),
            _post("a hashtag that the text does not hold", "quiet", (-1, -1), tags=("mooring",)),
            _post("a term that counts as a hashtag only", "one tulip, #tulip", (12, 17)),
            _post("capital letters that matter", "a skiff, the Skiff", (13, 18)),
            _post("an emoji with a selector", "calm \N{ANCHOR}\ufe0f sea", (5, 6)),
            _post("nothing of the list", "beans and rain"),
            _post("neither text nor tags", None),
        ),
    )
