"""How many answers it takes to certify a tier, before anybody is asked."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError
from leeward.network._review.certify import Certifier

if TYPE_CHECKING:
    from leeward.network._review.certify import FrozenTier
    from leeward.network._statistics.binomial import Doubles

__all__ = ["Plan", "plan", "separable"]

_BATCH: Final = 25


class Plan(Struct, frozen=True):
    """What certifying a tier would take if its precision were what was assumed.

    Attributes:
        chance: Of being certified within the most answers that there may be.
        expected: Answers, on average, where one stops when it is certified or at the most.
        half: With this many it is certified in half of the cases; None if never.
        eighty: The same for four of five.
        least: As many answers it takes if none of them says "no"; None if that is too many.
        separable: Whether any number of answers could do it, given how well the reviewers'
            errors are known.
    """

    chance: float
    expected: float
    half: int | None
    eighty: int | None
    least: int | None
    separable: bool


def separable(tier: FrozenTier, precision: float) -> bool:
    """Whether answers can tell a precision from the target at all.

    A share ``p`` that belongs gives "yes" at the rate ``(1 - false_no) p + false_yes (1 - p)``
    (Rogan and Gladen, 1978). At this precision that rate must be above the highest that the
    target could give within the bounds of the errors.
    """
    yes, lost = tier.errors.false_yes, tier.errors.false_no
    at_target = (1 - lost.low) * tier.target + yes.high * (1 - tier.target)
    return (1 - lost.value) * precision + yes.value * (1 - precision) > at_target


def plan(
    tier: FrozenTier, precision: float, *, most: int | None = None, batch: int = _BATCH
) -> Plan:
    """What certifying a tier would take.

    The chance of every count of "no" is carried on from answer to answer (drawing without
    replacement from as many "no" as the tier would give), and cut off where a look after a batch
    certifies. It is exact for faultless reviewers who are looked at after every batch.

    Args:
        tier: The tier.
        precision: What its precision may truly be.
        most: Answers that there may be at the most; the tier's size by default.
        batch: Answers between two looks.

    Raises:
        UsageError: The precision is not from 0 to 1, or a number of answers is below 1.
    """
    most = min(tier.size if most is None else most, tier.size)
    if not 0 <= precision <= 1 or batch < 1 or most < 1:
        raise UsageError(
            "a precision lies from 0 to 1, and there is at least one answer",
            where="plan",
            hint="give another precision, most or batch",
        )
    certifier, needed = Certifier(tier), -log(tier.alpha)
    yes, lost = tier.errors.false_yes.value, tier.errors.false_no.value
    saying_no = round(tier.size * (1 - (1 - lost) * precision - yes * (1 - precision)))
    left = np.zeros(saying_no + 1)
    left[0] = 1.0
    allowed, answers, expected = -1, 0, 0.0
    reached: list[tuple[int, float]] = []
    least = None
    while answers < most:
        step = min(batch, most - answers)
        left, spent = _asked(left, tier.size, answers, step)
        answers, expected = answers + step, expected + spent
        while allowed + 1 <= min(saying_no, answers) and (
            certifier.log_evidence(answers, allowed + 1) >= needed
        ):
            allowed += 1
            least = answers if least is None else least
        left[: allowed + 1] = 0.0
        reached.append((answers, 1 - float(left.sum())))
        if left.sum() < 1e-6:
            break
    return Plan(
        chance=reached[-1][1],
        expected=expected,
        half=next((n for n, chance in reached if chance >= 0.5), None),
        eighty=next((n for n, chance in reached if chance >= 0.8), None),
        least=least,
        separable=separable(tier, precision),
    )


def _asked(left: Doubles, size: int, answers: int, step: int) -> tuple[Doubles, float]:
    """The chances of each count of "no" after further answers, and the answers on average."""
    no = np.arange(len(left))
    spent = 0.0
    for asked in range(answers, answers + step):
        spent += float(left.sum())
        chance = np.clip((len(left) - 1 - no) / (size - asked), 0.0, 1.0)
        more = left * chance
        left = left - more
        left[1:] += more[:-1]
    return left, spent
