"""Train a scorecard from what people decided: some confirmed, few innocent, most never looked at.

Subjects that nobody looked at are no innocents. With ``pi`` the share of all that belong, and
those confirmed taken as any of these, the logistic loss over everybody can be written without a
label for each (du Plessis, Niu and Sugiyama, "Convex formulation for learning from positive and
unlabeled data", 2015):

    E_all[ln(1 + exp(z))] - pi E_confirmed[z]

which is convex in the weights. Here it is scaled so that each confirmed subject counts once, the
innocent ones are added with one each, and the pull towards weights set by hand keeps it from the
negative risks of flexible models (Kiryo and others, 2017). ``pi`` is estimated, where it is not
given, from how much rarer high scores are among all than among the confirmed (Garg and others,
"Mixture proportion estimation and PU learning: a modern approach", 2021: the best bin).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.errors import UsageError
from leeward.signals._scorecard import GRID, Scorecard, Training, on_grid, parts_of
from leeward.signals._scorecard_fit import Shape, Weights, fit, table_of
from leeward.signals._threshold import HeldOut

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import numpy.typing as npt

    from leeward.signals._features import Tracked

    Doubles = npt.NDArray[np.float64]
    Longs = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]

__all__ = [
    "FEWEST",
    "FEWEST_GROUPS",
    "INNOCENT",
    "OFFENDER",
    "UNLABELLED",
    "groups_of",
    "share_of",
    "train_scorecard",
]

OFFENDER: Final = 1
INNOCENT: Final = 0
UNLABELLED: Final = -1

FEWEST: Final = 20
"""Confirmed subjects without whom nothing is trained."""
FEWEST_GROUPS: Final = 5
"""Groups that they fall into, so that each can be held out."""

_PULL: Final = 4.0
"""One over the variance of weights around those set by hand: a standard deviation of a half."""
_SPARE: Final = 0.25
"""Log-odds below the line at which features end that alone open nothing."""
_LARGEST: Final = 0.5
"""The largest share that may belong."""
_DOUBT: Final = 0.1
"""Chance that the bounds of the best bin do not hold."""
_TRIES: Final = 20
_FLATTEST, _STEEPEST = 0.1, 1.5
"""Between these the scores are stretched to be calibrated."""
_HELD: Final = 10.0
"""How strongly that stretch is held near 1, in confirmed subjects."""


class _Data(NamedTuple):
    """Subjects that are learned from.

    Attributes:
        bins: (subjects, features) Places of the bins.
        labels: (subjects) :data:`OFFENDER`, :data:`INNOCENT` or :data:`UNLABELLED`.
        sure: (subjects) How much each label counts.
    """

    bins: Longs
    labels: Longs
    sure: Doubles

    def part(self, which: Bools) -> _Data:
        return _Data(self.bins[which], self.labels[which], self.sure[which])

    def right(self) -> Doubles:
        return np.where(self.labels == OFFENDER, self.sure, 0.0)

    def mass(self, prior: float) -> Doubles:
        """What each stands for: all of them together for so many that the confirmed are a share."""
        each = self.right().sum() / (prior * max(len(self.labels), 1))
        found: Doubles = each + np.where(self.labels == INNOCENT, self.sure, 0.0)
        return found


def train_scorecard(
    kind: Tracked,
    values: npt.ArrayLike,
    labels: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    prior: float | None = None,
    precision: float = 0.9,
    folds: int = 5,
) -> Scorecard:
    """Learn a scorecard; without enough labels it stays near the one that was set by hand.

    The score is calibrated to the share of those who belong among the subjects given: it is
    fitted without each fold of groups in turn, and a line through the held-out scores makes the
    last fit's the log-odds that held-out subjects have. Its line is the threshold that the labels
    support at the precision, or else 0: as likely as not.

    Args:
        kind: Of the subjects.
        values: (subjects, features) In the order of the kind's features; NaN is not known.
        labels: (subjects) 1 for confirmed offenders, 0 for innocent ones, -1 for all others.
        groups: (subjects) Numbers of groups that must not be split: see :func:`groups_of`.
        weights: (subjects) How sure each label is, above 0 and at most 1; 1 by default.
        prior: The share of these subjects that belong; estimated by default.
        precision: What a threshold is asked for.
        folds: Into how many parts the groups are dealt.

    Raises:
        UsageError: Lengths differ, a label is none of these, the prior is out of range, or there
            are too few confirmed subjects or groups of them.
    """
    hand = Scorecard.cautious(kind)
    known = hand.weights(values)  # checks the columns
    data = _data(hand, np.asarray(values, np.float64), labels, weights)
    of = np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
    if len(of) != len(known):
        raise _unfit("there is not one group a subject")
    _check(data, of, prior, folds)
    dealt = _dealt(of, data.labels == OFFENDER, folds)
    first = float(1 / (1 + np.exp(-hand.intercept)))
    chosen = prior
    if chosen is None:
        # What is estimated is no less than the truth, so it may lower what is thought by hand.
        most = share_of(_held_out(hand, data, dealt, first), data.labels == OFFENDER)
        chosen = min(most, first)
    chosen = max(chosen, float((data.labels == OFFENDER).mean()))
    scores = _held_out(hand, data, dealt, chosen)
    shift, stretch = _line_through(scores, data, chosen)
    whole = _fitted(hand, data, chosen)
    labelled = data.labels != UNLABELLED
    held = HeldOut(
        tuple((shift + stretch * scores[labelled]).tolist()),
        tuple((data.labels[labelled] == OFFENDER).tolist()),
        tuple(of[labelled].tolist()),
    )
    training = Training(
        offenders=int((data.labels == OFFENDER).sum()),
        innocents=int((data.labels == INNOCENT).sum()),
        unlabelled=int((~labelled).sum()),
        groups=len(np.unique(of[labelled])),
        prior=chosen,
        is_estimated=prior is None,
        held_out=held,
    )
    calibrated = Weights(
        shift + stretch * whole.intercept, tuple(stretch * each for each in whole.weights)
    )
    return _scorecard(hand, calibrated, training, precision)


def groups_of(*keys: Sequence[Hashable | None]) -> Longs:
    """Number the groups of subjects that share any key: an account, a template cluster.

    Args:
        keys: Lists of one key a subject; None is shared with nobody.

    Returns:
        (subjects) Equal for all that hang together, also by way of others.
    """
    count = len(keys[0]) if keys else 0
    parent = list(range(count))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for column in keys:
        first: dict[Hashable, int] = {}
        for i, key in enumerate(column):
            if key is not None:
                parent[root(i)] = root(first.setdefault(key, i))
    found = np.array([root(i) for i in range(count)], np.int64)
    return np.unique(found, return_inverse=True)[1].reshape(-1)


def share_of(scores: Doubles, confirmed: Bools) -> float:
    """The share of all that belong, by the cut at which confirmed ones are the most enriched.

    Among all, at least that share of the belonging is above a cut that is so among the confirmed;
    so the ratio of both is no less than the share that belongs, and near to it at a cut above
    which hardly anybody else is. The cut is chosen by the ratio and its sampling error.

    Args:
        scores: (subjects) Held out: nobody's own label made it.
        confirmed: (subjects) Who is confirmed.
    """
    theirs = np.sort(scores[confirmed])
    cuts = np.unique(theirs)
    among = 1 - np.searchsorted(theirs, cuts) / len(theirs)
    everybody = 1 - np.searchsorted(np.sort(scores), cuts) / len(scores)
    error = sum(np.sqrt(np.log(4 / _DOUBT) / (2 * n)) for n in (len(theirs), len(scores)))
    best = int(np.argmin((everybody + error) / among))
    return float(np.clip(everybody[best] / among[best], 1 / len(scores), _LARGEST))


def _data(
    hand: Scorecard, values: Doubles, labels: npt.ArrayLike, weights: npt.ArrayLike | None
) -> _Data:
    said = np.asarray(labels)
    sure = np.ones(len(values)) if weights is None else np.asarray(weights, np.float64)
    if said.shape != (len(values),) or sure.shape != said.shape:
        raise _unfit("there is not one label and one weight a subject")
    if not np.isin(said, (OFFENDER, INNOCENT, UNLABELLED)).all():
        raise _unfit("a label is neither 1, 0 nor -1")
    if not ((sure > 0) & (sure <= 1)).all():
        raise _unfit("a weight is not above 0 and at most 1")
    bins = np.empty(values.shape, np.int64)
    for place, part in enumerate(hand.parts):
        column = values[:, place]
        found = np.searchsorted(np.array(part.edges), column, side="right")
        bins[:, place] = np.where(np.isnan(column), len(part.weights), found)
    return _Data(bins, said.astype(np.int64), sure)


def _check(data: _Data, groups: Longs, prior: float | None, folds: int) -> None:
    confirmed = data.labels == OFFENDER
    count, apart = int(confirmed.sum()), len(np.unique(groups[confirmed]))
    if count < FEWEST or apart < FEWEST_GROUPS:
        raise UsageError(
            f"{count} confirmed subjects in {apart} groups are too few to learn from",
            where="labels",
            hint=f"label {max(FEWEST - count, 0)} more, so that there are {FEWEST} in at least "
            f"{FEWEST_GROUPS} groups; until then the cautious weights hold",
        )
    if prior is not None and not 0 < prior <= _LARGEST:
        raise _unfit(f"the share that belongs is not above 0 and at most {_LARGEST}")
    if folds < 2:
        raise _unfit("there are fewer than two folds")


def _dealt(groups: Longs, confirmed: Bools, folds: int) -> Longs:
    """(subjects) The fold of each: whole groups, those with the most confirmed ones dealt first."""
    size = np.bincount(groups, confirmed, groups.max() + 1)
    everybody = np.bincount(groups, minlength=len(size))
    fold, load = np.zeros(len(size), np.int64), np.zeros((folds, 2))
    for group in np.lexsort((np.arange(len(size)), -everybody, -size)).tolist():
        to = int(np.lexsort((load[:, 1], load[:, 0]))[0])
        if size[group] == 0:
            to = int(np.argmin(load[:, 1]))
        fold[group] = to
        load[to] += size[group], everybody[group]
    return fold[groups]


def _held_out(hand: Scorecard, data: _Data, dealt: Longs, prior: float) -> Doubles:
    """(subjects) The score of each by a fit without its fold."""
    scores = np.empty(len(dealt))
    for fold in np.unique(dealt):
        out = dealt == fold
        scores[out] = _fitted(hand, data.part(~out), prior).scores(data.bins[out])
    return scores


def _fitted(hand: Scorecard, data: _Data, prior: float) -> Weights:
    """The fit, what opens nothing alone held below the line."""
    table = table_of(data.bins, data.right(), data.mass(prior))
    begin = float(np.log(prior / (1 - prior)))
    caps = [np.inf] * len(hand.parts)
    found = fit(table, _shapes(hand, caps), begin, _PULL)
    for _ in range(_TRIES):
        over = _over(hand, found)
        if over is None:
            break
        caps = [
            max(float(each.max(initial=0.0)) * over, 0.0) if name in hand.never_alone else cap
            for name, each, cap in zip(hand.names, found.weights, caps, strict=True)
        ]
        found = fit(table, _shapes(hand, caps), found.intercept, _PULL)
    return found


def _over(hand: Scorecard, found: Weights) -> float | None:
    """By which factor weights must shrink that together come too near to the line; None if none."""
    pairs = zip(hand.names, found.weights, strict=True)
    most = sum(max(0.0, float(each.max())) for name, each in pairs if name in hand.never_alone)
    room = hand.line - _SPARE - found.intercept
    if most <= room or most <= 0:
        return None
    return max(room, 0.0) / most * (1 - 1e-3)


def _shapes(hand: Scorecard, caps: Sequence[float]) -> list[Shape]:
    return [
        Shape(np.array(part.weights), part.rises, cap)
        for part, cap in zip(hand.parts, caps, strict=True)
    ]


def _line_through(scores: Doubles, data: _Data, prior: float) -> tuple[float, float]:
    """The shift and the stretch that make held-out scores log-odds, by the loss of the fit.

    As in Platt, "Probabilistic outputs for support vector machines" (1999), with a pull of the
    stretch towards 1, since a few confirmed ones show little of it.
    """
    right, mass = data.right(), data.mass(prior)
    shift, stretch = 0.0, 1.0
    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(shift + stretch * scores, -50, 50)))
        off, bend = mass * chance - right, mass * chance * (1 - chance)
        slope = np.array([off.sum(), off @ scores + _HELD * (stretch - 1)])
        curve = np.array(
            [
                [bend.sum() + 1e-9, bend @ scores],
                [bend @ scores, bend @ scores**2 + _HELD],
            ]
        )
        step = np.linalg.solve(curve, slope)
        step /= max(1.0, float(np.abs(step).max()))
        shift = float(shift - step[0])
        stretch = float(np.clip(stretch - step[1], _FLATTEST, _STEEPEST))
        if np.abs(step).max() < 1e-9:
            break
    return shift, stretch


def _scorecard(hand: Scorecard, found: Weights, training: Training, precision: float) -> Scorecard:
    intercept = float(on_grid(found.intercept))
    parts = parts_of(hand.kind, [each.tolist() for each in found.weights])
    alone = sum(part.most for part in parts if part.feature in hand.never_alone)
    card = Scorecard(
        kind=hand.kind,
        intercept=intercept,
        line=max(hand.line, intercept + alone + _SPARE),
        parts=parts,
        never_alone=hand.never_alone,
        trained=training,
    )
    score = card.threshold(precision).score
    if score is None:
        return card
    line = float(np.floor(score * GRID) / GRID)
    return _with_line(card, max(line, intercept + alone + _SPARE))


def _with_line(card: Scorecard, line: float) -> Scorecard:
    return Scorecard(
        kind=card.kind,
        intercept=card.intercept,
        line=line,
        parts=card.parts,
        never_alone=card.never_alone,
        trained=card.trained,
    )


def _unfit(why: str) -> UsageError:
    return UsageError(
        why, where="train_scorecard", hint="give arrays of one length, as the docstring says"
    )
