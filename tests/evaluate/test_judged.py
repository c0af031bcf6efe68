"""A result beside the truth."""

from __future__ import annotations

import numpy as np
import pytest

from leeward.errors import UsageError
from leeward.evaluate import judge

ROLES = ["ring", "bot", "ring", "critic", "bot", "ring", "bystander", "bystander"]
RING = [role == "ring" for role in ROLES]
SCORES = [0.9, 0.8, 0.7, 0.4, 0.4, 0.2, 0.0, 0.0]
ACCUSED = [True, True, False, True, True, False, True, False]


def test_a_result_worked_out_by_hand() -> None:
    judged = judge(SCORES, ROLES, RING, ACCUSED, at=(2, 5))
    assert judged.hidden == 3
    assert [(2, 1.0), (3, 2.0), (5, 2.0)] == [(at.k, at.found) for at in judged.found_at]
    assert judged.average_precision == pytest.approx((1 / 1 + 2 / 3 + 3 / 6) / 3)
    assert judged.top == 3
    assert (("bot", 1.0, 2), ("bystander", 0.0, 2), ("critic", 0.0, 1)) == judged.by_role
    assert tuple(judged.two_hop) == pytest.approx((5, 1, 0.2, 1 / 3))


def test_a_cut_through_equal_scores_counts_each_of_them_in_part() -> None:
    judged = judge(SCORES, ROLES, RING, ACCUSED, top=4)
    assert {"bot": 1.5, "critic": 0.5, "bystander": 0.0} == {
        share.role: share.in_top for share in judged.by_role
    }


def test_the_top_is_filled_by_the_found_and_the_roles_together() -> None:
    generator = np.random.default_rng(3)
    roles = generator.choice(["ring", "bot", "critic", "fan"], 500).tolist()
    scores = generator.integers(0, 20, 500)
    ring = [role == "ring" for role in roles]
    judged = judge(scores, roles, ring, ring, top=137)
    [found] = [at.found for at in judged.found_at if at.k == 137]
    assert found + sum(share.in_top for share in judged.by_role) == pytest.approx(137)
    assert (sum(ring), sum(ring), 1.0, 1.0) == judged.two_hop


def test_nothing_hidden_and_nobody_accused_leave_measures_open() -> None:
    judged = judge([1.0, 0.5], ["bot", "fan"], [False, False], [False, False])
    assert (0, None, 0) == (judged.hidden, judged.average_precision, judged.top)
    assert (0, 0, None, None) == judged.two_hop


@pytest.mark.parametrize("change", [{"roles": ROLES[1:]}, {"ring": RING[1:]}, {"top": 0}])
def test_columns_that_do_not_fit_are_refused(change: dict[str, object]) -> None:
    arguments = {"scores": SCORES, "roles": ROLES, "ring": RING, "accused": ACCUSED, **change}
    with pytest.raises(UsageError):
        judge(**arguments)  # type: ignore[arg-type]  # one of them is wrong on purpose
