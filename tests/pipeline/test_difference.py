"""A policy in shadow mode beside the one in force: what it says otherwise, and over what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leeward.errors import PolicyError, UsageError
from leeward.pipeline import (
    Difference,
    difference,
    explain_subject,
    keep_versions,
    kept_version,
    policies_in_force,
)
from leeward.store import Log
from tests.pipeline._judged_world import SCHEMA, boats_policy, judged_world

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.model import Verdict

_A_DAY = 60


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Verdict]]:
    folder = tmp_path_factory.mktemp("judged")
    return folder, judged_world(folder, a_day=_A_DAY)


def _compared(folder: Path, days: int | None = None) -> Difference:
    policies = [boats_policy(), boats_policy(2, 0.5, shadow=True)]
    with Log(folder) as log:
        return difference(log, policies, days=days)


def test_only_what_both_have_judged_is_compared(world: tuple[Path, list[Verdict]]) -> None:
    folder, verdicts = world
    (found,) = _compared(folder).policies
    late = [one for one in verdicts if one.seq > _A_DAY and one.outcome == "hit"]
    current = {(v.subject_kind, v.subject) for v in late if not v.shadow}
    shadow = {(v.subject_kind, v.subject) for v in late if v.shadow}

    assert found.events == 3 * _A_DAY
    assert (found.subjects.current, found.subjects.shadow) == (len(current), len(shadow))
    assert found.subjects.both == len(current & shadow)
    assert found.subjects.only_shadow == len(shadow - current) > 0
    assert found.subjects.only_current == len(current - shadow)
    assert found.current == "boats version 1"
    assert sum(rule.hits[0] for rule in found.rules) == sum(not v.shadow for v in late)
    assert sum(day[2] for day in found.days) == sum(v.shadow for v in late)


def test_a_sample_is_of_one_side_only_and_says_why(world: tuple[Path, list[Verdict]]) -> None:
    folder, verdicts = world
    (found,) = _compared(folder).policies
    late = [v for v in verdicts if v.outcome == "hit" and v.seq > _A_DAY]
    hit_now = {v.subject for v in late if not v.shadow}

    assert found.samples
    for one in found.samples:
        assert one.side == "shadow"
        assert one.subject not in hit_now
        (verdict,) = [
            v
            for v in verdicts
            if v.shadow and v.seq == one.seq and f"{v.policy}/{v.rule}" == one.rule
        ]
        assert one.operands == verdict.operands


def test_the_last_days_only(world: tuple[Path, list[Verdict]]) -> None:
    folder, _ = world
    (whole,), (part,) = _compared(folder).policies, _compared(folder, days=1).policies

    assert len(part.days) == 2 < len(whole.days)


def test_a_shadow_policy_of_another_name_stands_beside_all_in_force(
    world: tuple[Path, list[Verdict]],
) -> None:
    folder, _ = world
    with Log(folder) as log:
        (found,) = difference(log, [boats_policy(2, 0.5, shadow=True)]).policies
        assert found.current == "nothing: no policy is in force"
        assert found.subjects.current == 0
        with pytest.raises(UsageError, match="no policy runs in shadow mode"):
            difference(log, [boats_policy()])


def test_a_verdict_is_explained_with_the_rule_as_it_was(world: tuple[Path, list[Verdict]]) -> None:
    folder, verdicts = world
    subject = next(v.subject for v in verdicts if v.rule == "strangers-gather" and not v.shadow)
    with Log(folder) as log:
        explained = explain_subject(log, folder, subject)

    assert {(e.verdict.seq, e.verdict.version, e.verdict.rule) for e in explained} == {
        (v.seq, v.version, v.rule) for v in verdicts if v.subject == subject
    }
    assert [e.verdict.seq for e in explained] == sorted(e.verdict.seq for e in explained)[::-1]
    one = next(e for e in explained if e.verdict.version == 1)
    assert one.rule_about == "Strangers reply, and somebody complains."
    assert one.stands_on == "Harbour rules, 4.2."
    assert one.names == {"strangers": "thread_context.untied_repliers >= 0.7"}
    assert [f.signal for f in one.findings] == ["thread-context"]
    assert one.findings[0].seq == one.verdict.seq


def test_a_version_that_judged_keeps_its_rules(tmp_path: Path) -> None:
    keep_versions(tmp_path, [boats_policy()])
    text = boats_policy().source.text
    keep_versions(tmp_path, [boats_policy()])
    assert kept_version(tmp_path, "boats", 1) == text
    with pytest.raises(PolicyError) as caught:
        keep_versions(tmp_path, [boats_policy(1, 0.6)])
    assert "version: 2" in str(caught.value.hint)
    keep_versions(tmp_path, [boats_policy(2, 0.6)])
    assert kept_version(tmp_path, "boats", 3) is None
    kept = tmp_path / "policies" / ".versions" / "boats@1.yaml"
    assert kept.stat().st_mode & 0o777 == 0o600


def test_words_and_shadow_mode_may_change_without_a_new_version(tmp_path: Path) -> None:
    from leeward.policy import read_policy

    keep_versions(tmp_path, [boats_policy()])
    text = boats_policy().source.text.replace("Strangers gather below a boat.", "Other words.")
    keep_versions(tmp_path, [read_policy(f"# why\n{text}", SCHEMA)])
    keep_versions(tmp_path, [boats_policy(shadow=True)])


def test_all_that_is_wrong_with_any_policy_in_force_is_told_at_once(tmp_path: Path) -> None:
    assert policies_in_force(tmp_path, SCHEMA) == []
    folder = tmp_path / "policies"
    folder.mkdir()
    text = boats_policy().source.text
    (folder / "boats.yaml").write_text(text)
    assert [one.name for one in policies_in_force(tmp_path, SCHEMA)] == ["boats"]
    (folder / "gardens.yaml").write_text(text.replace("high", "hihg"))
    (folder / "quay.yaml").write_text(text.replace("score", "scores"))
    with pytest.raises(PolicyError) as caught:
        policies_in_force(tmp_path, SCHEMA)
    assert "gardens.yaml:5:11" in caught.value.message
    assert "quay.yaml:18" in caught.value.message


def test_a_shadow_version_may_stand_beside_the_one_in_force(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "boats.yaml").write_text(boats_policy().source.text)
    (folder / "boats-next.yaml").write_text(boats_policy(2, 0.5, shadow=True).source.text)
    assert {one.version for one in policies_in_force(tmp_path, SCHEMA)} == {1, 2}
    (folder / "boats-next.yaml").write_text(boats_policy(1, 0.5, shadow=True).source.text)
    with pytest.raises(PolicyError, match="the name and the version"):
        policies_in_force(tmp_path, SCHEMA)
