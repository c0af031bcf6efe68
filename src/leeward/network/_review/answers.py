"""What answers make of a subject's probability, when reviewers err and contradict each other.

An answer adds to the log-odds of its subject the logarithm of how much likelier it is if the
subject belongs than if not (Good, Probability and the Weighing of Evidence, 1950):

    "yes":  log((1 - false_no) / false_yes)          "no":  log(false_no / (1 - false_yes))

Reviewers are taken to err independently of each other, given the truth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from leeward.network._review.reviewers import ReviewErrors
    from leeward.network._statistics.binomial import Doubles, Int64

    Bools = npt.NDArray[np.bool_]

__all__ = ["LEAST", "Answers", "Reviewed", "checked", "reviewed"]

LEAST: Final = 0.002
"""No single answer moves odds by more than 500: nobody is known to err less often than that."""


class Answers(NamedTuple):
    """Answers in the order in which they were given, one array a field, all of one length.

    Attributes:
        subject: Which subject it is about.
        reviewer: Who answered, from 0.
        yes: Whether the answer was "belongs".
    """

    subject: Int64
    reviewer: Int64
    yes: Bools

    def last(self) -> Answers:
        """Of each reviewer only the last answer about a subject: who changes their mind, has."""
        people = int(self.reviewer.max(initial=0)) + 1
        key = (self.subject * people + self.reviewer)[::-1]
        kept = np.sort(len(key) - 1 - np.unique(key, return_index=True)[1])
        return Answers(self.subject[kept], self.reviewer[kept], self.yes[kept])


class Reviewed(Struct, frozen=True):
    """What is thought of subjects after answers.

    Attributes:
        log_odds: (subjects) With the answers. The model's own stay as they were: what a person
            said of an account is no feature of it, or the model would learn from its teacher's
            answers where only reviewed accounts have them.
        yes, no: (subjects) How many people said so.
        disputed: The subjects of which people said both, least certain first: ask a third.
    """

    log_odds: Doubles
    yes: Int64
    no: Int64
    disputed: Int64


def reviewed(log_odds: Doubles, answers: Answers, errors: Sequence[ReviewErrors]) -> Reviewed:
    """The log-odds of subjects after a batch of answers.

    Args:
        log_odds: (subjects) Before any answer.
        answers: All answers about them; of one person about one subject the last counts.
        errors: Of each reviewer.

    Raises:
        UsageError: An answer is about no subject, or by nobody.
    """
    answers = checked(answers, len(log_odds), len(errors)).last()
    said_yes, said_no = _weights(errors)
    weight = np.where(answers.yes, said_yes[answers.reviewer], said_no[answers.reviewer])
    count = len(log_odds)
    after = log_odds + np.bincount(answers.subject, weight, count)
    yes = np.bincount(answers.subject[answers.yes], minlength=count)
    no = np.bincount(answers.subject[~answers.yes], minlength=count)
    disputed = np.flatnonzero((yes > 0) & (no > 0))
    order = np.argsort(np.abs(after[disputed]), kind="stable")
    return Reviewed(after, yes, no, disputed[order])


def _weights(errors: Sequence[ReviewErrors]) -> tuple[Doubles, Doubles]:
    """What a "yes" and a "no" of each reviewer add to log-odds."""
    false_yes = np.array([max(e.false_yes.value, LEAST) for e in errors])
    false_no = np.array([max(e.false_no.value, LEAST) for e in errors])
    return np.log((1 - false_no) / false_yes), np.log(false_no / (1 - false_yes))


def checked(answers: Answers, subjects: int, people: int) -> Answers:
    """The answers, if each is about a subject and by a reviewer; or a UsageError."""
    lengths = {len(array) for array in answers}
    known = len(lengths) == 1 and (
        not len(answers.subject)
        or (
            min(answers.subject.min(), answers.reviewer.min()) >= 0
            and answers.subject.max() < subjects
            and answers.reviewer.max() < people
        )
    )
    if not known:
        raise UsageError(
            "an answer is about no subject or by no reviewer",
            where="Answers",
            hint="number subjects and reviewers from 0",
        )
    return answers
