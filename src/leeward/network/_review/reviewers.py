"""How often reviewers err: what is known of it, and what looking twice makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from leeward.errors import UsageError
from leeward.network._statistics.binomial import beta_quantile

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FAULTLESS", "ErrorRate", "ReviewErrors"]


class ErrorRate(Struct, frozen=True):
    """A chance of error that is known within bounds.

    Attributes:
        value: The best guess.
        low: It is hardly less than this.
        high: It is hardly more than this; below a half.

    Raises:
        UsageError: They are not in order between 0 and a half.
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.value <= self.high < 0.5:
            raise UsageError(
                "a rate of errors lies between its bounds, and they between 0 and a half",
                where="ErrorRate",
                hint="a reviewer who errs in half of the cases tells nothing: ask others",
            )

    @classmethod
    def known(cls, value: float) -> ErrorRate:
        """A rate that is known exactly."""
        return cls(value, value, value)

    @classmethod
    def counted(
        cls,
        wrong: float,
        right: float,
        *,
        mean: float = 0.02,
        weight: float = 10.0,
        confidence: float = 0.95,
    ) -> ErrorRate:
        """From answers whose truth is known, or from expected counts of them.

        The posterior of a binomial chance under the prior Beta(weight mean, weight (1 - mean)):
        its mean, and an interval of equal tails (Gelman et al., Bayesian Data Analysis, 2.4).

        Args:
            wrong: Answers that were wrong.
            right: Answers that were right.
            mean: What is expected before anything is counted.
            weight: As many answers is that expectation worth; above 0 unless both were counted.
            confidence: The chance that the rate lies within the bounds.
        """
        a, b = wrong + weight * mean, right + weight * (1 - mean)
        tail = (1 - confidence) / 2
        low, high = (min(beta_quantile(q, a, b), 0.499) for q in (tail, 1 - tail))
        return cls(min(max(a / (a + b), low), high), low, high)

    def through(self, function: Callable[[float], float]) -> ErrorRate:
        """The rate after an increasing function."""
        return ErrorRate(*(function(rate) for rate in (self.value, self.low, self.high)))


class ReviewErrors(Struct, frozen=True):
    """How often an answer is wrong, on either side.

    Attributes:
        false_yes: Of those that do not belong, the share of answers "belongs".
        false_no: Of those that belong, the share of answers "does not belong".
    """

    false_yes: ErrorRate
    false_no: ErrorRate

    @classmethod
    def known(cls, false_yes: float, false_no: float) -> ReviewErrors:
        """Rates that are known exactly."""
        return cls(ErrorRate.known(false_yes), ErrorRate.known(false_no))

    def no_confirmed(self, repeated: float = 0.0) -> ReviewErrors:
        """The errors when each "no" is looked at again, and stands only if a second person agrees.

        A member is lost only if both err; a stranger passes if either does:
        ``false_no (r + (1 - r) false_no)`` and ``1 - (1 - false_yes)(1 - (1 - r) false_yes)``,
        by the multiplication rule.

        Args:
            repeated: ``r``, the share of errors that a second person repeats because the account
                itself misleads, 0 to 1. What misleads everybody is no error of a reviewer and
                cannot be seen in answers at all.
        """
        return ReviewErrors(
            self.false_yes.through(lambda f: _either(f, repeated)),
            self.false_no.through(lambda f: _both(f, repeated)),
        )

    def yes_confirmed(self, repeated: float = 0.0) -> ReviewErrors:
        """The same for each "yes", where few belong and most "yes" would be errors.

        Args:
            repeated: As for :meth:`no_confirmed`.
        """
        return ReviewErrors(
            self.false_yes.through(lambda f: _both(f, repeated)),
            self.false_no.through(lambda f: _either(f, repeated)),
        )


def _both(rate: float, repeated: float) -> float:
    return rate * (repeated + (1 - repeated) * rate)


def _either(rate: float, repeated: float) -> float:
    return min(1 - (1 - rate) * (1 - (1 - repeated) * rate), 0.499)


FAULTLESS: Final = ReviewErrors.known(0.0, 0.0)
"""Reviewers who never err."""
