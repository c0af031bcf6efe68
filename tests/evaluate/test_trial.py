"""A discovery beside the truth: who counts, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leeward.errors import InputError
from leeward.evaluate import RING, draw_seeds, read_truth, trial
from leeward.pipeline import Found, discover
from leeward.simulate import simulate
from leeward.store import Log, Writer
from tests.network._quay import CROWD, SEEDS, quay
from tests.pipeline.test_discover import sent

if TYPE_CHECKING:
    from pathlib import Path

ROLES = {
    "ada": "producer",
    "ben": "distributor",
    "cleo": "reposter",
    "hugo": "reposter",
    "nobody": "silent",
    "dora": "child",
    "edna": "critic",
    "finn": "bot",
    "gale": "passer_by",
    "star": "ordinary",
    **dict.fromkeys(CROWD, "ordinary"),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("log")
    with Writer.open(folder) as writer:
        writer.append(sent(quay()))
    with Log(folder) as log:
        return discover(log, SEEDS, limit=3)


def test_the_seeds_are_no_success(found: Found) -> None:
    """Three are to be found: two stand first, and one never acted."""
    judged = trial(found, ROLES, SEEDS, [1, 2, 4])
    assert judged.hidden == 3
    actual = [(at.k, at.found, at.precision, at.recall) for at in judged.found_at]
    expected = [(1, 1, 1, 1 / 3), (2, 2, 1, 2 / 3), (3, 2, 2 / 3, 2 / 3), (4, 2, 1 / 2, 2 / 3)]
    assert [pytest.approx(row) for row in expected] == actual


def test_everybody_counts_though_the_ranking_is_short(found: Found) -> None:
    """Scores go beyond the ranking's limit, and who has none stands last."""
    judged = trial(found, ROLES, SEEDS, [len(ROLES)])
    assert len(found.ranking) == 3
    (_, whole) = judged.found_at
    assert (whole.k, whole.found) == (len(ROLES) - 2, 3)
    last = 3 / 38  # who never acted
    assert judged.average_precision == pytest.approx((1 + 1 + last) / 3)
    in_top = {role.role: role.in_top for role in judged.by_role}
    assert in_top["passer_by"] + in_top["critic"] == 1
    assert in_top["child"] == 0
    assert "reposter" not in in_top


def test_what_two_hops_accuse_is_judged_the_same_way(found: Found) -> None:
    hop = trial(found, ROLES, SEEDS, [1]).two_hop
    others = {*ROLES} - {*SEEDS, "nobody"}
    assert (hop.accused, hop.right) == (len(others), 2)
    assert hop.precision == 2 / len(others)
    assert hop.recall == pytest.approx(2 / 3)


def test_accounts_without_a_role_are_left_out(found: Found) -> None:
    """Who came to the log from elsewhere is neither right nor wrong."""
    some = {name: role for name, role in ROLES.items() if name not in CROWD}
    judged = trial(found, some, SEEDS, [1])
    assert judged.hidden == 3
    assert sum(role.of_all for role in judged.by_role) == len(some) - 5


def test_the_order_of_the_truth_makes_no_difference(found: Found) -> None:
    turned = dict(reversed(ROLES.items()))
    assert trial(found, ROLES, SEEDS, [1, 5]) == trial(found, turned, SEEDS, [1, 5])


def test_where_everybody_was_given_nothing_is_to_be_found(found: Found) -> None:
    judged = trial(found, {name: ROLES[name] for name in SEEDS}, SEEDS, [10])
    assert (judged.hidden, judged.average_precision, judged.found_at) == (0, None, ())


# --- drawing seeds -----------------------------------------------------------------------------


def test_seeds_are_drawn_from_those_who_act() -> None:
    roles = {f"boat/{n}": role for n, role in enumerate([*RING, "fan", "child"] * 20)}
    drawn = draw_seeds(roles, 10, 3)
    assert len({*drawn}) == 10
    assert sorted(drawn) == drawn
    assert {roles[name] for name in drawn} <= {"producer", "distributor", "reposter"}
    assert draw_seeds(dict(reversed(roles.items())), 10, 3) == drawn
    assert draw_seeds(roles, 10, 4) != drawn


def test_no_more_can_be_drawn_than_there_are() -> None:
    assert draw_seeds({"ada": "producer", "ben": "silent", "cleo": "child"}, 5) == ["ada"]
    assert draw_seeds({}, 5) == []


def test_every_account_has_the_same_chance_to_be_drawn() -> None:
    roles = dict.fromkeys("abcdefgh", "producer")
    times = [draw_seeds(roles, 2, turn).count("a") for turn in range(1_000)]
    assert sum(times) == pytest.approx(250, abs=50)


# --- the file ----------------------------------------------------------------------------------


def test_the_truth_of_a_simulation_is_read(tmp_path: Path) -> None:
    made = simulate(tmp_path / "platform", accounts=200, ring=8)
    roles = read_truth(tmp_path / "platform" / "truth.parquet")
    assert len(roles) == 200
    assert sum(role in RING for role in roles.values()) == 8
    assert {role: count for role, count in made.roles.items() if count} == {
        role: [*roles.values()].count(role) for role in {*roles.values()}
    }


@pytest.mark.parametrize("what", ["absent", "text", "folder", "columns", "types"])
def test_what_is_no_truth_is_refused(tmp_path: Path, what: str) -> None:
    file = tmp_path / "truth.parquet"
    if what == "text":
        file.write_text("account,role\ncanary,producer\n")
    elif what == "folder":
        file.mkdir()
    elif what == "columns":
        pq.write_table(pa.table({"account": ["canary"]}), file)
    elif what == "types":
        pq.write_table(pa.table({"account": ["canary"], "role": [1]}), file)
    with pytest.raises(InputError) as refused:
        read_truth(file)
    assert refused.value.hint
    assert "canary" not in str(refused.value)
