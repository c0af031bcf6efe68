"""Certify a frozen tier of accounts from answers about a sample of it, looking at any time.

A tier holds ``N`` accounts of which an unknown number ``D`` do not belong. Accounts are asked
about in a random order (:func:`drawn`), so after ``n`` answers the chance ``L_D`` of the number of
"no" among them follows from ``D`` (hypergeometric, blurred by the reviewers' errors; see
:func:`~leeward.network._statistics.binomial.likelihoods`). For any fixed weights ``w`` over
counts, the ratio

    R(D) = sum_k w_k L_k / L_D

is a martingale from 1 if ``D`` is the truth: in more than a share ``alpha`` of all runs it never
reaches ``1 / alpha``, however often and whenever somebody looks (Ville's inequality). So the
counts with ``R(D) < 1 / alpha`` hold the truth at all times together. Source: Waudby-Smith and
Ramdas, "Confidence sequences for sampling without replacement" (2020), theorem 2.1, the
prior-posterior ratio; there with a beta-binomial prior and without errors.

Errors that are known within bounds are taken at the worse bound: strangers pass as often, and
members are lost as seldom, as can be, when the claim is that enough belong; the other way round
when it is that too few do. The bounds' own confidence is to be added to ``alpha``.

What cannot be certified: a wrong "no" looks like an account that does not belong. When the bounds
of ``false_no`` are as far apart as the tier's precision is above the target, no number of answers
tells the two apart, and even a rate that is known exactly hides the margin in noise.
:meth:`~leeward.network.ReviewErrors.no_confirmed` is the remedy: look twice at each "no".
"""

from __future__ import annotations

from math import floor, inf, lgamma, log
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError
from leeward.network._review.reviewers import FAULTLESS, ReviewErrors
from leeward.network._statistics.binomial import likelihoods, log_factorials

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from leeward.network._statistics.binomial import Doubles, Int64

__all__ = ["Certifier", "FrozenTier", "Standing", "Verdict", "certified_together", "drawn"]

Verdict: TypeAlias = Literal["certified", "refuted", "continue"]

_EXPECTED: Final = 0.35
"""Where the weights have their mean, as a share of what the target allows; and their shape. Chosen
on a tier of 7,000 and a target of .99: fewest answers at a true precision of .995, with little
lost at .997 and above (see the tests)."""
_SHAPE: Final = 4.0
_BROAD: Final = 0.1
"""Weight kept for all other counts, so that the bound is of use far from the target too."""
_FAR: Final = 60
"""Counts beyond twice what the target allows stand for their neighbours."""
_SLACK: Final = 1e-9
"""Products like 0.01 * 300 may fall short of the whole number that they are."""


class FrozenTier(Struct, frozen=True):
    """A set of accounts that does not change any more, and what is claimed of it.

    Attributes:
        size: Accounts that answers are drawn from.
        target: The precision to be certified, between 0 and 1.
        alpha: The chance of certifying a tier that does not reach the target.
        beta: The chance of refuting one that does.
        settled: Accounts of the tier that were confirmed before it was frozen; not drawn from.
        errors: The reviewers'.

    Raises:
        UsageError: A number is out of its range.
    """

    size: int
    target: float = 0.99
    alpha: float = 0.05
    beta: float = 0.05
    settled: int = 0
    errors: ReviewErrors = FAULTLESS

    def __post_init__(self) -> None:
        shares = (self.target, self.alpha, self.beta)
        if self.size < 1 or self.settled < 0 or not all(0 < share < 1 for share in shares):
            raise UsageError(
                "a tier holds at least one account, and its shares lie between 0 and 1",
                where="FrozenTier",
                hint="give a size of 1 or more, and target, alpha and beta between 0 and 1",
            )

    def allowed(self, no: int) -> int:
        """As many accounts may not belong for the target to be reached.

        When "no" is never wrong, those that it was said of leave the tier, and the claim is about
        the accounts that stay; otherwise it is about the tier as it was frozen.
        """
        leaving = no if self.errors.false_no.high == 0 else 0
        staying = self.size + self.settled - leaving
        return leaving + floor((1 - self.target) * staying + _SLACK)

    def precision(self, bad: int, no: int) -> float:
        """The precision if so many accounts do not belong."""
        leaving = no if self.errors.false_no.high == 0 else 0
        staying = self.size + self.settled - leaving
        return 1.0 if staying <= 0 else 1 - max(bad - leaving, 0) / staying


class Standing(Struct, frozen=True):
    """Where a tier stands after some answers.

    Attributes:
        answers: How many there are.
        no: Of them "does not belong".
        log_evidence: The logarithm of the evidence that the target is reached, at its best so
            far; ``exp`` of it is at least ``1 / alpha`` when the tier is certified.
        lower: The precision is at least this, at all times together, with chance 1 - alpha.
        upper: The same the other way, with chance 1 - beta.
        verdict: What follows.
    """

    answers: int = 0
    no: int = 0
    log_evidence: float = -inf
    lower: float = 0.0
    upper: float = 1.0
    verdict: Verdict = "continue"


class Certifier:
    """Looks at the answers about one tier."""

    def __init__(self, tier: FrozenTier) -> None:
        self.tier = tier
        self._table = log_factorials(tier.size)
        self._counts, self._log_weights = _weights(tier, self._table)

    def look(self, answers: int, no: int, before: Standing | None = None) -> Standing:
        """Where the tier stands now.

        Args:
            answers: All answers until now about accounts in the order of :func:`drawn`, none
                left out.
            no: Of them "does not belong".
            before: The standing at the look before. Bounds never get worse, and a verdict stays.

        Raises:
            UsageError: There are more answers than accounts, or fewer than there were.
        """
        before = before or Standing()
        gained = (answers - before.answers, no - before.no)
        if not 0 <= no <= answers <= self.tier.size or not 0 <= gained[1] <= gained[0]:
            raise UsageError(
                "the answers do not follow on those of the last look",
                where="Certifier.look",
                hint="count all answers about the tier's accounts, one an account",
            )
        most, least = self._bounds(answers, no)
        lower = max(before.lower, self.tier.precision(most, no))
        upper = max(lower, self.tier.precision(least, no))
        evidence = max(before.log_evidence, self.log_evidence(answers, no))
        verdict = before.verdict
        if verdict == "continue" and evidence >= -log(self.tier.alpha):
            verdict = "certified"
        elif verdict == "continue" and least > self.tier.allowed(no):
            verdict = "refuted"
        return Standing(answers, no, evidence, lower, upper, verdict)

    def log_evidence(self, answers: int, no: int) -> float:
        """The logarithm of the evidence of these answers that the target is reached.

        The least of ``R(D)`` over the counts above what is allowed.
        """
        bad = self.tier.allowed(no) + 1
        if bad > self.tier.size:
            return inf
        claims = np.unique(np.append(self._counts[self._counts > bad], bad))
        null = self._likelihoods(claims, answers, no, doubting=True)
        return self._mixture(answers, no) - float(null.max())

    def _mixture(self, answers: int, no: int) -> float:
        errors = self.tier.errors
        rates = (errors.false_yes.value, errors.false_no.value)
        parts = likelihoods(self._counts, self.tier.size, answers, no, *rates, self._table)
        return float(np.logaddexp.reduce(self._log_weights + parts))

    def _likelihoods(self, bad: Int64, answers: int, no: int, *, doubting: bool) -> Doubles:
        """With the errors at those bounds that are worse for the claim that many belong."""
        yes, lost = self.tier.errors.false_yes, self.tier.errors.false_no
        rates = (yes.high, lost.low) if doubting else (yes.low, lost.high)
        return likelihoods(bad, self.tier.size, answers, no, *rates, self._table)

    def _bounds(self, answers: int, no: int) -> tuple[int, int]:
        """The most and the fewest accounts that may not belong."""
        mixture = self._mixture(answers, no)
        most = self._edge(answers, no, mixture + log(self.tier.alpha), doubting=True)
        least = self._edge(answers, no, mixture + log(self.tier.beta), doubting=False)
        return most, least

    def _edge(self, answers: int, no: int, floor_at: float, *, doubting: bool) -> int:
        """The last count, up or down, that is likelier than this, by bisection.

        The likelihood has one peak, so such counts are an interval around it.
        """

        def at(bad: int) -> float:
            return float(self._likelihoods(np.array([bad]), answers, no, doubting=doubting)[0])

        end = self.tier.size if doubting else 0
        coarse = self._likelihoods(self._counts, answers, no, doubting=doubting)
        inside, outside = self._peak(int(coarse.argmax()), at), end
        if at(end) > floor_at or at(inside) <= floor_at:
            return end  # in the second case no count fits the answers, and nothing is claimed
        while abs(outside - inside) > 1:
            middle = (inside + outside) // 2
            if at(middle) > floor_at:
                inside = middle
            else:
                outside = middle
        return inside

    def _peak(self, place: int, at: Callable[[int], float]) -> int:
        """The likeliest count, by thirds between the neighbours of the likeliest that stands."""
        low = int(self._counts[max(place - 1, 0)])
        high = int(self._counts[min(place + 1, len(self._counts) - 1)])
        while high - low > 2:
            third = (high - low) // 3
            if at(low + third) < at(high - third):
                low += third
            else:
                high -= third
        return max(range(low, high + 1), key=at)


def _weights(tier: FrozenTier, table: Doubles) -> tuple[Int64, Doubles]:
    """Counts of accounts that may not belong, and the logarithms of their weights.

    A beta-binomial law around :data:`_EXPECTED` of what is allowed, and a part that falls like
    ``1 / (count + 1)``.
    """
    allowed = max((1 - tier.target) * (tier.size + tier.settled), 1.0)
    near = np.arange(min(int(2 * allowed) + 2, tier.size + 1))
    far = np.geomspace(1, tier.size, _FAR).astype(np.int64)
    counts = np.unique(np.concatenate((near, far[far > near[-1]]))).astype(np.int64)
    mean = min(_EXPECTED * allowed / tier.size, 0.5)
    b = _SHAPE * (1 - mean) / mean
    k = counts.astype(np.float64)
    # gamma(k + a) / k! for the whole a = 4, and gamma(N - k + b) / (N - k)! by its logarithm
    shape = np.log(k + 1) + np.log(k + 2) + np.log(k + 3)
    others = np.array([lgamma(tier.size - n + b) for n in k]) - table[tier.size - counts]
    width = np.gradient(k) if len(k) > 1 else np.ones(1)
    close = np.exp(shape + others - (shape + others).max()) * width
    broad = width / (k + 1)
    return counts, np.log((1 - _BROAD) * close / close.sum() + _BROAD * broad / broad.sum())


def certified_together(
    evidence: Doubles, alpha: float = 0.05, weights: Doubles | None = None
) -> npt.NDArray[np.bool_]:
    """Which of several tiers are certified when one error is shared over them all.

    Each tier gets its part of ``alpha``; the part of a tier that is certified goes to the others.
    With chance ``1 - alpha`` all that are ever certified reach their targets, whatever hangs
    together among them. Source: Holm, "A simple sequentially rejective multiple test procedure"
    (1979), weighted; the inverse of the best evidence so far is a p-value at any time (Ramdas,
    Grünwald, Vovk and Shafer, "Game-theoretic statistics and safe anytime-valid inference",
    2023).

    Args:
        evidence: (tiers) The ``log_evidence`` of each tier's :class:`Standing`; its
            :class:`FrozenTier` says nothing of the sharing, only this does.
        alpha: The chance that any tier is certified wrongly.
        weights: (tiers) The parts of alpha, above 0; equal by default.

    Returns:
        (tiers) Whether it is certified.

    Raises:
        UsageError: There is not one weight above 0 for each tier.
    """
    parts = np.ones(len(evidence)) if weights is None else np.asarray(weights, np.float64)
    if parts.shape != evidence.shape or not (parts > 0).all():
        raise UsageError(
            "each tier needs a weight above 0", where="weights", hint="give one for each tier"
        )
    done = np.zeros(len(evidence), np.bool_)
    while not done.all():
        shares = alpha * parts / parts[~done].sum()
        more = ~done & (evidence >= -np.log(shares))
        if not more.any():
            break
        done |= more
    return done


def drawn(size: int, seed: int) -> Int64:
    """The order in which the accounts of a tier are asked about: all orders are equally likely.

    Args:
        size: Accounts of the tier.
        seed: Settled before anybody looks at the tier, and not changed after an answer.
    """
    return np.random.default_rng(seed).permutation(size)
