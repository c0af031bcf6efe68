"""Ready-made policies on an installation: its own signals have what they read."""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from pathlib import Path  # noqa: TC003 - pytest gives one
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from leeward.model import Event, MediaRef, identity
from leeward.pipeline import backtest, looks_in_force, policies_in_force, readable
from leeward.pipeline._scoring_run import score
from leeward.policy import (
    READY,
    event_schema,
    problems_of,
    ready_policy,
    ready_signals,
)
from leeward.signals import FEATURES, Scorecard
from leeward.store import Log, Writer, read_settings
from leeward.store.tables import open_tables, put_label

if TYPE_CHECKING:
    from leeward.model import Kind
    from leeward.signals import Tracked


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A data folder with every signal that a ready-made policy may read."""
    (tmp_path / "list.csv").write_text("term,class\nmooring,boats\n")
    names = ["rare-text", "rare-text-thread", "template"]
    names += [f"{kind}-context" for kind in ("media", "thread", "account", "tag", "community")]
    lines = ['[signals.lexicon]\npath = "list.csv"', *(f"[signals.{name}]" for name in names)]
    (tmp_path / "leeward.toml").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.mark.parametrize("name", READY)
def test_it_checks_against_the_signals_of_an_installation(name: str, installed: Path) -> None:
    schema = event_schema(readable(installed, read_settings(installed)))

    assert list(map(str, problems_of(ready_policy(name), schema, name))) == []


def test_what_a_signal_measures_is_the_same_where_no_data_folder_is(installed: Path) -> None:
    here = {one.name: one for one in readable(installed, read_settings(installed))}

    for signal in ready_signals():
        own = here[signal.name]
        assert {one.name for one in signal.values} == {one.name for one in own.values}, signal.name
        assert (signal.scored, signal.may) == (own.scored, own.may)


class _Harbour:
    """Writes events, one after the other."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(self, kind: Kind, actor: str, thing: str | None = None, **rest: Any) -> str:
        """An event; the URI of what came to be."""
        number = len(self.events)
        uri = thing or f"{kind}:{number}"
        self.events.append(
            Event(
                id=identity("harbour", uri, str(number), "create"), source="harbour", kind=kind,
                op="create", at=1_700_000_000_000_000 + number * 1_000_000, actor=actor,
                object=uri, **rest,
            )
        )  # fmt: skip
        return uri

    def complain(self, post: str) -> None:
        """Somebody complains of a post."""
        self.add("flag", f"folk:{len(self.events) % 40}", target=post)


STRANGERS = [f"stranger:{number}" for number in range(30)]
CONFIRMED = [f"skipper:{number}" for number in range(4)]


def _told() -> list[Event]:
    """Crowds that gather below two photographs of minors, a bad shed, and a regatta beside them."""
    log = _Harbour()
    minors = ["kid:0", "kid:1", "kid:2"]
    for one in (*minors, *STRANGERS, *CONFIRMED, "club:1"):
        log.add("account", one, one, extra={"account": {"minor": one in minors}})
    before = log.add("post", minors[2], text="my boat")
    for one in STRANGERS:
        log.complain(log.add("post", one, text=f"{one} came", reply_to=before, root=before))
    garden = log.add("post", minors[0], media=(MediaRef(uri="picture:garden"),))
    quay = log.add("post", minors[1], media=(MediaRef(uri="picture:quay"),))
    poll = log.add(
        "poll", STRANGERS[0], reply_to=quay, root=quay,
        extra={"poll": {"options": ["9", "10", "11"]}},
    )  # fmt: skip
    for one in STRANGERS:
        log.add("repost", one, target=garden)
        log.complain(log.add("post", one, text=f"{one} stays", reply_to=garden, root=garden))
        log.add("like", one, target=poll)
        log.add("repost", one, target=quay)
        log.complain(log.add("post", one, text=f"{one} asks", reply_to=quay, root=quay))
    for one in STRANGERS[:8]:
        text = "whoever has a zorbnet for the long boats may write to me at the old quay tonight"
        log.add(
            "post", one, text=text, reply_to=garden, root=garden, links=("https://quay.example/",)
        )
    for turn in range(8):
        for one in (*CONFIRMED, *STRANGERS[:4]):
            log.complain(log.add("post", one, text=f"{one} {turn}", community="shed:1"))
    # A trophy goes round and is cheered by a crowd; a guest guesses the age of a boat.
    trophy = log.add(
        "post", "club:1", media=(MediaRef(uri="picture:trophy"),), community="pier:1",
        tags=("regatta",),
    )  # fmt: skip
    for number in range(60):
        guest = f"guest:{number}"
        log.add("repost", guest, target=trophy)
        log.add("post", guest, text=f"well sailed {guest}", reply_to=trophy, root=trophy)
        log.add("post", guest, text=f"{guest} sails", community="pier:1", tags=("regatta",))
    return log.events


def test_they_say_what_they_say_from_the_event_to_the_verdict(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("term,class,severity\nzorbnet,harbours,high\n")
    (tmp_path / "leeward.toml").write_text('[signals.lexicon]\npath = "list.csv"\n')
    (tmp_path / "policies").mkdir()
    for name in READY:
        # No examples, so no model of rare text: its rules are taken out, as the page says.
        text = ready_policy(name).split("\ncases:")[0] + "\n"
        text = text.replace("(lexicon.hit or rare_text.hit)", "lexicon.hit")
        text = text.replace("rare_text_thread.hit and ", "")
        (tmp_path / "policies" / f"{name}.yaml").write_text(text)
    settings = read_settings(tmp_path)
    with Writer.open(tmp_path) as writer:
        writer.append(_told())
        with open_tables(f"sqlite:///{tmp_path}/leeward.db") as tables:
            with tables.begin() as connection:
                for one in CONFIRMED:
                    put_label(
                        connection, "account", one, "offender", "Ada", "seen", since=1, case=one
                    )
            score(writer, tmp_path, settings)
            policies = policies_in_force(tmp_path, event_schema(readable(tmp_path, settings)))
            with Log(tmp_path) as log, tables.read() as connection:
                looks = looks_in_force(log, tmp_path, settings, connection)
                found = backtest(log, policies, looks, sample=0)
                rows = [row for batch in log.verdicts() for row in batch.to_pylist()]
    said: dict[str, set[str]] = defaultdict(set)
    hits: dict[str, int] = defaultdict(int)
    for row in rows:
        assert set(row["causes"]) <= {"open_case", "raise_case"}
        if row["outcome"] == "hit":
            said[row["rule"]].add(row["subject"])
            hits[row["rule"]] += 1
    quay = next(e.object for e in _told() if e.media and e.media[0].uri == "picture:quay")

    assert said["strangers-pass-it-on"] >= {"picture:garden"}
    assert said["owner-is-a-minor"] == said["strangers-pass-it-on"]
    assert said["strangers-guess-an-age"] == said["about-a-minor"] == {quay}
    assert said["offer-with-a-link"] == set(STRANGERS[:8])
    assert set(STRANGERS[3:8]) <= said["copied-offer"] <= set(STRANGERS[:8])
    assert said["much-of-it-is-flagged"] == said["confirmed-accounts-post"] == {"shed:1"}
    innocent = {"picture:trophy", "regatta", "pier:1", "club:1"}
    assert not innocent & {subject for subjects in said.values() for subject in subjects}
    for rule in (rule for policy in found.policies for rule in policy.rules):
        assert rule.hits == hits[rule.rule], rule.rule


_NO_POLL = {"age_polls": (0.0, 1.0), "untied_poll_reactors": (np.nan, np.nan)}
_QUIET = {"replier_overlap": (0.0, 0.02), "flagged_posts": (0.0, 0.02)}


@pytest.mark.parametrize(
    ("kind", "where", "reaches"),
    [
        ("account", {"template_messages": (0.0, 0.1)}, False),
        ("account", {"age_days": (180.0, 1e6), "repost_ratio": (0.0, 0.25)}, False),
        ("account", {"age_days": (30.0, 180.0), "repost_ratio": (0.0, 0.25)}, True),
        ("tag", {"case_log_odds": (-9.0, 3.0)}, False),
        ("tag", {"case_log_odds": (3.0, 4.0), "flagged_posts": (0.0, 0.4)}, False),
        ("tag", {"case_log_odds": (4.0, 9.0), "flagged_posts": (0.0, 0.02)}, True),
        ("community", {"confirmed_members": (0.0, 0.01)}, False),
        ("community", {"flagged_posts": (0.0, 0.02), "flagged_authors": (0.0, 0.02)}, False),
        ("community", {"confirmed_members": (0.05, 0.1)}, True),
        ("media", {**_NO_POLL, "replier_overlap": (0.0, 0.02), "reply_burst": (0.0, 2.0)}, False),
        ("media", {**_NO_POLL, "replier_overlap": (0.0, 0.02)}, True),
        ("media", {**_NO_POLL, "replier_overlap": (0.4, 1.0), "flagged_posts": (0.0, 0.02)}, True),
        ("thread", {**_QUIET, "age_polls": (1.0, 2.0), "linked_posts": (0.0, 0.02)}, False),
        ("thread", {**_QUIET, "age_polls": (1.0, 2.0)}, True),
    ],
)
def test_what_the_shipped_scorecards_let_reach_a_rule(
    kind: str, where: dict[str, tuple[float, float]], reaches: bool
) -> None:
    """The limits that docs/reference/ready-made-policies.md states, by trying every bin."""
    card = Scorecard.cautious(cast("Tracked", kind))
    tried = []
    for feature in FEATURES[cast("Tracked", kind)]:
        low, high = where.get(feature.name, (-np.inf, np.inf))
        values = [feature.edges[0] - 0.01, *feature.edges]
        tried.append([value for value in values if low <= value < high] or [low])
    best = card.intercept + card.weights(np.array(list(product(*tried)))).sum(axis=1).max()
    assert (best >= card.line) == reaches
