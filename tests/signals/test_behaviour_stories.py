"""Stories of a harbour town: what opens something, and what does not."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from leeward.model import Label
from leeward.signals import (
    FEATURES,
    GROUP_MOST,
    AccountTracker,
    CommunityTracker,
    ContextSignal,
    MediaTracker,
    TagTracker,
    ThreadTracker,
    age_like,
)
from leeward.signals._behaviour_rows import read_rows
from leeward.signals._scorecard import Scorecard
from tests.signals._harbour import DAY, event, picture, rows_at

if TYPE_CHECKING:
    from leeward.model import Event, Finding
    from leeward.signals import Tracker

_MOST = 1 << 10
_LATER = 400 * DAY


def _found(tracker: Tracker, events: list[Event], *labels: Label) -> list[Finding]:
    signal = ContextSignal(tracker, Scorecard.cautious(tracker.kind))
    signal.tell(labels)
    return list(signal.look(rows_at(events), at=1 << 60).findings)


def _values(finding: Finding) -> dict[str, float]:
    return {item.kind: item.value for item in finding.evidence if item.value is not None}


def _child(name: str, **body: object) -> Event:
    return event("account", name, name, extra={"account": {"minor": True, **body}})


def _adult(name: str) -> Event:
    return event("account", name, name, extra={"account": {"minor": False, "created": 1}})


def _turns_to(who: str, children: list[str], **where: Any) -> list[Event]:
    """A reply and a like under a post of each."""
    made = []
    for number, child in enumerate(children):
        post = f"post:{child}"
        made += [
            event("post", post, child, at=_LATER, **where),
            event(
                "post", f"reply:{number}:{who}", who, at=_LATER, reply_to=post, root=post, **where
            ),
            event("like", f"like:{number}:{who}", who, at=_LATER, target=post),
        ]
    return made


def test_who_turns_to_nobody_but_children_opens_nothing_by_that_alone() -> None:
    children = [f"child{n}" for n in range(60)]
    events = [*map(_child, children), _adult("stranger"), *_turns_to("stranger", children)]

    findings = _found(AccountTracker(most=_MOST), events)
    assert not [one for one in findings if one.outcome == "hit" and one.subject == "stranger"]


@pytest.mark.parametrize("how", ["aunt", "coach", "classmate"])
def test_an_aunt_a_coach_and_a_classmate_are_not_counted(how: str) -> None:
    children = [f"child{n}" for n in range(5)]
    where: dict[str, Any] = {"community": "club:rowing"} if how == "coach" else {}
    ties: list[Event] = []
    for number, child in enumerate(children):
        body = {"relatives": [how]} if how == "aunt" else {}
        ties.append(_child(child, **body))
        if how == "classmate":
            ties.append(event("follow", f"f{number}", child, target=how))
            ties.append(event("follow", f"g{number}", how, target=child))
    tracker = AccountTracker(most=_MOST)
    events = [*ties, _adult(how), *_turns_to(how, children, **where)]

    assert _counts(tracker, events, how)["minors_contacted"] == 0
    stranger = AccountTracker(most=_MOST)
    events = [*map(_child, children), _adult(how), *_turns_to(how, children)]
    assert _counts(stranger, events, how)["minors_contacted"] == 5


def test_a_follow_that_is_taken_back_no_longer_ties() -> None:
    ties = [
        _child("child"),
        _adult("rower"),
        event("follow", "f", "child", target="rower"),
        event("follow", "g", "rower", target="child"),
    ]
    tracker = AccountTracker(most=_MOST)
    after = [event("follow", "f", "child", op="delete"), event("like", "l", "rower", target="x")]
    assert _counts(tracker, [*ties, after[1]], "rower")["minors_contacted"] == 0
    tracker = AccountTracker(most=_MOST)
    assert _counts(tracker, [*ties, *after], "rower")["minors_contacted"] == 1


def test_a_large_community_is_a_place_and_ties_nobody() -> None:
    crowd = [event("post", f"hello{n}", f"member{n}", community="town") for n in range(GROUP_MOST)]
    children = ["child0"]
    events = [*crowd, _child("child0"), _adult("rower")]
    events += _turns_to("rower", children, community="town")
    assert _counts(AccountTracker(most=_MOST), events, "rower")["minors_contacted"] == 1


def test_nothing_is_said_of_minors_where_no_account_says_who_is_one() -> None:
    events = [event("account", "rower", "rower", extra={"account": {"created": 1}})]
    events += _turns_to("rower", ["child0"])
    counts = _counts(AccountTracker(most=_MOST), events, "rower")
    assert counts.keys() & {"minor_contact_ratio", "minors_contacted"} == set()


def _gathering(who: str, *, owner_follows: bool) -> list[Event]:
    """A picture, posted again by many, with replies, links and complaints."""
    events = [_child("child"), event("post", "p", "child", media=(picture("boat"),))]
    for number in range(12):
        name = f"{who}{number}"
        if owner_follows:
            events.append(event("follow", f"f{number}", "child", target=name))
        for thread in ("q", "p"):
            links = () if owner_follows else ("https://elsewhere.example/",)
            reply: dict[str, Any] = {"reply_to": thread, "root": thread, "links": links}
            events += [event("post", f"r{thread}{number}", name, at=number, **reply)]
        events.append(event("repost", f"s{number}", name, target="p"))
        events.append(event("post", f"c{number}", name, media=(picture("boat"),)))
        if not owner_follows:
            events.append(event("flag", f"x{number}", "keeper", target=f"rp{number}"))
    return [event("post", "q", "other", media=(picture("gull"),)), *events]


def test_strangers_that_gather_under_a_childs_picture_are_noticed() -> None:
    label = Label(kind="media", subject=str(picture("gull").sha256), label="offender", since=1)
    strangers = _found(MediaTracker(most=_MOST), _gathering("stranger", owner_follows=False), label)
    friends = _found(MediaTracker(most=_MOST), _gathering("friend", owner_follows=True), label)

    boat = str(picture("boat").sha256)
    hits = [one for one in strangers if one.subject == boat]
    assert hits
    assert all(one.outcome == "hit" for one in hits)
    last = hits[-1]
    assert last.score == pytest.approx(sum(item.weight for item in last.evidence))
    assert [item.weight for item in last.evidence] == sorted(
        (item.weight for item in last.evidence), reverse=True
    )
    assert _values(last)["minor_owner"] == 1.0
    scores = [one.score for one in hits if one.score is not None]
    assert all(b >= a + 0.5 for a, b in pairwise(scores))
    assert not [one for one in friends if one.subject == boat]


def test_the_evidence_says_how_sure_each_value_is() -> None:
    label = Label(kind="media", subject=str(picture("gull").sha256), label="offender", since=1)
    events = _gathering("stranger", owner_follows=False)
    finding = _found(MediaTracker(most=_MOST), events, label)[-1]
    for item in finding.evidence:
        if item.value is not None:
            assert item.low is not None
            assert item.high is not None
            assert item.low <= item.value <= item.high
            assert item.count is not None
            assert item.count > 0


@pytest.mark.parametrize(
    ("options", "is_age"),
    [
        (["9-11", "12-14", "15+"], True),
        (["\u0661\u0662", "\u0661\u0663", "\u0661\u0664"], True),  # Arabic-Indic digits
        (["\uff11\uff12\u5c81", "\uff11\uff13\u5c81"], True),  # full-width, with a word behind
        (["under 10", "over 10", "oak"], True),
        (["oak", "elm", "12"], False),
        (["1990", "2000"], False),
        (["1", "2", "3"], False),
        (["boats 12, 13, 14 and 15", "none"], False),
        ([], False),
    ],
)
def test_options_that_are_ages_are_told_by_their_digits(options: list[str], is_age: bool) -> None:
    assert age_like(options) is is_age


def test_a_poll_with_ages_counts_who_reacts_to_it() -> None:
    poll = {"poll": {"options": ["9-11", "12-14", "15+"]}}
    events = [
        event("poll", "p", "keeper", extra=poll),
        event("follow", "f", "keeper", target="friend"),
        event("like", "l1", "friend", target="p"),
        event("like", "l2", "stranger", target="p"),
        event("repost", "s1", "other", target="p"),
        event("post", "r1", "keeper", reply_to="p", root="p"),
    ]
    counts = _counts(ThreadTracker(most=_MOST), events, "p")
    assert counts["age_polls"] == 1
    assert counts["untied_poll_reactors"] == 2


def test_a_forum_gone_bad_is_noticed_and_one_bad_member_is_not_enough() -> None:
    members = [f"member{n}" for n in range(20)]
    posts = [event("post", f"p{n}", members[n % 20], at=n, community="forum") for n in range(60)]
    bad = [event("flag", f"f{n}", "keeper", at=60, target=f"p{n}") for n in range(60) if n % 20 < 9]
    one = [event("flag", f"f{n}", "keeper", at=60, target=f"p{n}") for n in (0, 20, 40)]
    again = [event("post", "last", "member19", at=61, community="forum")]
    labels = [
        Label(kind="account", subject=name, label="offender", since=60) for name in members[:4]
    ]

    found = _found(CommunityTracker(most=_MOST), [*posts, *bad, *again], *labels)
    assert [finding.subject for finding in found] == ["forum"]
    assert not _found(CommunityTracker(most=_MOST), [*posts, *one, *again])


def test_a_hashtag_turns_and_a_case_does_not_speak_for_itself() -> None:
    crowd = [event("post", f"p{n}", f"rower{n}", at=n, tags=("tide", "wind")) for n in range(30)]
    labels = [
        Label(kind="account", subject=f"rower{n}", label="offender", since=30, case="one")
        for n in range(8)
    ]
    asked = {
        who: [*crowd, event("post", "last", who, at=31, tags=("tide",))]
        for who in ("somebody", "rower3")
    }
    odds = {
        who: _counts(TagTracker(most=_MOST), events, "tide", labels)["case_log_odds"]
        for who, events in asked.items()
    }
    assert odds["somebody"] == pytest.approx(8, abs=1e-3)
    assert odds["rower3"] == pytest.approx(0, abs=1e-3)
    found = _found(TagTracker(most=_MOST), asked["somebody"], *labels)
    assert {finding.outcome for finding in found} <= {"hit"}
    assert _counts(TagTracker(most=_MOST), asked["somebody"], "tide").keys() == {"flagged_posts"}


@pytest.mark.parametrize("cleared", ["account", "post"])
@pytest.mark.parametrize("first", [True, False])
def test_who_was_found_innocent_is_not_confirmed_by_a_picture(cleared: str, *, first: bool) -> None:
    """A critic shows a picture that is confirmed later, or was before."""
    show = [event("post", "warning", "critic", tags=("tide",), media=(picture("boat"),))]
    innocent = Label(
        kind="account" if cleared == "account" else "post",
        subject="critic" if cleared == "account" else "warning",
        label="innocent",
        since=1,
    )
    boat = Label(kind="media", subject=str(picture("boat").sha256), label="offender", since=1)
    labels = [innocent, boat] if first else [boat, innocent]
    events = [*show, event("post", "last", "somebody", tags=("tide",))]
    counts = _counts(TagTracker(most=_MOST), events, "tide", labels)
    assert counts["case_log_odds"] == pytest.approx(0)
    counts = _counts(TagTracker(most=_MOST), events, "tide", [boat])
    assert counts["case_log_odds"] == pytest.approx(1)


def test_a_reply_that_names_the_thread_alone_does_not_take_it_over() -> None:
    events = [_child("child"), event("post", "p", "child")]
    events += [event("post", f"r{n}", f"stranger{n}", root="p") for n in range(3)]
    counts = _counts(ThreadTracker(most=_MOST), events, "p")
    assert (counts["untied_repliers"], counts["minor_owner"]) == (3, 1)


def test_to_answer_a_picture_with_the_same_picture_is_to_post_it_again() -> None:
    boat = picture("boat")
    rest: dict[str, Any] = {"reply_to": "p", "root": "p", "media": (boat, boat)}
    events = [event("post", "p", "child", media=(boat,))]
    events += [event("post", f"r{n}", "stranger", **rest) for n in range(2)]
    counts = _counts(MediaTracker(most=_MOST), events, str(boat.sha256))
    assert (counts["uploads_by_others"], counts["unrelated_uploaders"]) == (2, 1)


def test_a_withdrawn_complaint_and_an_innocent_label_count_no_more() -> None:
    posts = [event("post", f"p{n}", "rower", tags=("tide",)) for n in range(3)]
    flags = [event("flag", f"f{n}", "keeper", target=f"p{n}") for n in range(3)]
    events = [*posts, *flags, event("flag", "f0", "keeper", op="delete", target="p0"), posts[0]]
    innocent = Label(kind="post", subject="p1", label="innocent", since=4)
    last = event("post", "p9", "other", tags=("tide",))
    counts = _counts(TagTracker(most=_MOST), [*events, last], "tide", [innocent])
    assert counts["flagged_posts"] == pytest.approx(1)


def _counts(
    tracker: Tracker, events: list[Event], subject: str, labels: list[Label] | None = None
) -> dict[str, float]:
    """How many of each feature are counted at the last row about a subject, where it is known."""
    batch = rows_at(events)
    rows = read_rows(batch, tracker.key)
    cut = min([one.since for one in labels or ()], default=0)
    parts = [tracker.watch(batch, rows, 0, cut)] if cut else []
    for label in labels or ():
        tracker.conclude(label)
    parts.append(tracker.watch(batch, rows, cut, len(events)))
    found: dict[str, float] = {}
    for out in parts:
        for row, key, k, n in zip(out.row, out.subject, out.k, out.n, strict=True):
            if tracker.name_of(batch, rows, int(row), int(key)) == subject:
                names = [feature.name for feature in FEATURES[tracker.kind]]
                found = {
                    name: float(some)
                    for name, some, all_ in zip(names, k, n, strict=True)
                    if all_ > 0
                }
    return found
