"""Small samples of the signals that remember: a harbour's posts, in the order of a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from leeward.model import Event, MediaRef
from leeward.signals._behaviour_trackers import (
    AccountTracker,
    CommunityTracker,
    MediaTracker,
    TagTracker,
    ThreadTracker,
)
from leeward.signals._context import ContextSignal
from leeward.signals._features import FEATURES
from leeward.signals._scorecard import Scorecard
from leeward.signals._signal import Example
from leeward.signals._templates import Templates

if TYPE_CHECKING:
    from leeward.model import Kind, Outcome
    from leeward.signals._behaviour_tracker import Tracker
    from leeward.signals._features import Tracked

__all__ = ["context_samples", "template_sample"]

_MOST: Final = 1 << 10
_BOAT: Final = (MediaRef(uri="at://media/boat", sha256="b" * 64),)


def context_samples() -> tuple[ContextSignal, ...]:
    """One of each kind, with scorecards by which a handful of events is a hit."""
    tag = _place("tag", "mooring", {"tags": ("mooring",)})
    community = _place("community", "at://club", {"community": "at://club"})
    return (
        _signal(MediaTracker(most=_MOST), "unrelated_uploaders", 2, _picture()),
        _signal(ThreadTracker(most=_MOST), "reply_burst", 2, _thread()),
        _signal(AccountTracker(most=_MOST), "repost_ratio", 3, _reposter()),
        _signal(TagTracker(most=_MOST), "flagged_posts", 4, tag),
        _signal(CommunityTracker(most=_MOST), "flagged_posts", 4, community),
    )


def template_sample() -> Templates:
    """Three accounts that send one message, with other numbers and addresses."""
    text = "come to the harbour fair on pier {} and bring a lantern https://fair.example/{}"
    texts = [text.format(number, number * 7) for number in (3, 4, 5, 5)]
    return Templates(
        most=_MOST,
        examples=(
            _example("the first", _post("p1", "keeper", text=texts[0]), "miss"),
            _example("the second account", _post("p2", "rower", text=texts[1]), "miss"),
            _example(
                "the third account",
                _post("p3", "pilot", text=texts[2]),
                "hit",
                spans=((0, len(texts[2])), (-1, -1), (-1, -1)),
            ),
            _example(
                "one of them again",
                _post("p4", "rower", text=texts[3]),
                "hit",
                spans=((0, len(texts[3])), (-1, -1), (-1, -1)),
            ),
            _example(
                "another message",
                _post("p5", "pilot", text="the tide is low and the boats lie on the sand"),
                "miss",
            ),
            _example("too short to compare", _post("p6", "pilot", text="good wind"), None),
        ),
    )


def _signal(
    tracker: Tracker, feature: str, first: int, examples: tuple[Example, ...]
) -> ContextSignal:
    """One feature alone decides: from the bin ``first`` on it reaches the line."""
    card = Scorecard.cautious(tracker.kind)
    parts = []
    for part in card.parts:
        weights = [0.0] * len(part.weights)
        if part.feature == feature:
            weights[first:] = [card.line - card.intercept] * (len(weights) - first)
        parts.append(replace(part, weights=tuple(weights)))
    return ContextSignal(tracker, replace(card, parts=tuple(parts)), examples=examples)


def _picture() -> tuple[Example, ...]:
    subject = "b" * 64
    return (
        _example("a picture is posted", _post("p1", "keeper", media=_BOAT), "miss"),
        _example("a post without a picture", _post("p2", "rower"), None),
        _example("somebody posts it too", _post("p3", "rower", media=_BOAT), "miss"),
        _hit("and another", _post("p5", "diver", media=_BOAT), "media", subject),
        _example("and again: no more than before", _post("p6", "diver", media=_BOAT), "miss"),
    )


def _thread() -> tuple[Example, ...]:
    above: dict[str, Any] = {"reply_to": "at://p1", "root": "at://p1"}
    replies = [_post(f"r{number}", f"rower{number}", **above) for number in range(4)]
    return (
        _example("a thread begins", _post("p1", "keeper"), "miss"),
        *(_example("a stranger replies", reply, "miss") for reply in replies[:3]),
        _hit("strangers in a row", replies[3], "thread", "at://p1"),
        _example("the owner answers", _post("r9", "keeper", **above), "miss"),
        _example("a like", _event("like", "l1", "rower0", target="at://p1"), None),
    )


def _reposter() -> tuple[Example, ...]:
    introduced = _event("account", "young", "young", extra={"account": {"created": 0}})
    reposts = [_event("repost", f"s{n}", "young", target="at://far") for n in range(9)]
    unknown = _example("of who likes nothing is known", _like("l1", "passer"), "abstained")
    return (
        _example("an account introduces itself", introduced, None),
        replace(unknown, subject="at://passer"),
        _example("it likes something again: that was said", _like("l2", "passer"), None),
        *(_example("a young account reposts", repost, "miss") for repost in reposts[:8]),
        _hit("and reposts, and posts nothing", reposts[8], "account", "at://young"),
        _example("a flag", _event("flag", "f1", "young", target="at://far"), None),
    )


def _place(kind: Tracked, subject: str, where: dict[str, Any]) -> tuple[Example, ...]:
    posts = [_post(f"p{n}", f"rower{n}", **where) for n in range(5)]
    flags = [_event("flag", f"f{n}", "keeper", target=f"at://p{n}") for n in range(4)]
    return (
        _example("a post in it", posts[0], "miss"),
        _example("a complaint about it", flags[0], None),
        _example("another post", posts[1], "miss"),
        _example("a complaint about that", flags[1], None),
        _example("a third post", posts[2], "miss"),
        _example("a complaint about the third", flags[2], None),
        _hit("most of it was complained of", posts[3], kind, subject),
        _example("a post elsewhere", _post("p9", "rower9"), None),
    )


def _like(name: str, actor: str) -> Event:
    return _event("like", name, actor, target="at://somewhere")


def _hit(about: str, event: Event, kind: Tracked, subject: str) -> Example:
    spans = ((-1, -1),) * (len(FEATURES[kind]) + 1)
    return Example(about=about, event=event, outcome="hit", spans=spans, subject=subject)


def _example(
    about: str,
    event: Event,
    outcome: Outcome | None,
    subject: str | None = None,
    spans: tuple[tuple[int, int], ...] = (),
) -> Example:
    return Example(about=about, event=event, outcome=outcome, subject=subject, spans=spans)


def _post(name: str, actor: str, **rest: Any) -> Event:
    return _event("post", name, actor, **rest)


def _event(kind: Kind, name: str, actor: str, **rest: Any) -> Event:
    return Event(
        id=f"sample:at://{name}@1#create",
        source="sample",
        kind=kind,
        op="create",
        at=0,
        actor=f"at://{actor}",
        object=f"at://{actor if kind == 'account' else name}",
        **rest,
    )
