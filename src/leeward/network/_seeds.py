"""The text form of seeds: one a line."""

from __future__ import annotations

import math
from typing import Final, get_args

from leeward.errors import InputError
from leeward.model import fold_tag, parse_subject
from leeward.network._types import Label, Seed

__all__ = ["parse_seed", "parse_seeds"]

_LABELS: Final = get_args(Label)
_FORM: Final = "write account:URI, post:URI, media:HASH or tag:WORD, then, if need be, a tab, "
_HINT: Final = f"{_FORM}`offender` or `innocent`, a tab and a weight above 0"


def parse_seeds(text: str, where: str = "seeds") -> list[Seed]:
    """Read seeds, one a line; empty lines and lines that begin with ``#`` count for nothing.

    Args:
        text: The lines.
        where: Their file, for the message of an error.

    Raises:
        InputError: A line is not of the form; it is named by its number.
    """
    seeds: dict[tuple[str, str], Seed] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            seed = parse_seed(line)
        except ValueError as error:
            raise InputError(str(error), where=f"{where}, line {number}", hint=_HINT) from None
        other = seeds.setdefault((seed.kind, seed.name), seed)
        if other != seed:
            raise InputError(
                "the same subject stands there twice, with different labels or weights",
                where=f"{where}, line {number}",
                hint="keep one of the two lines",
            )
    return list(seeds.values())


def parse_seed(line: str) -> Seed:
    r"""Read one seed: a subject, then optionally a tab, a label and a weight.

    >>> parse_seed("tag:Harbour\toffender\t0.5").weight
    0.5

    Raises:
        ValueError: The line is not of the form. The message holds nothing of it.
    """
    subject, *rest = line.rstrip("\r\n").split("\t")
    kind, name = parse_subject(subject.strip())
    if not name:
        raise ValueError("the line names no subject")
    if len(rest) > 2:
        raise ValueError("there are more than three fields")
    label = rest[0].strip() if rest else ""
    if label not in ("", *_LABELS):
        raise ValueError("the label is neither `offender` nor `innocent`")
    kind = kind or "account"
    if kind == "tag":
        name = fold_tag(name)
    return Seed(kind, name, "innocent" if label == "innocent" else "offender", _weight(rest[1:]))


def _weight(fields: list[str]) -> float:
    if not fields or not fields[0].strip():
        return 1.0
    try:
        weight = float(fields[0])
    except ValueError:
        weight = math.nan
    if not (math.isfinite(weight) and weight > 0):
        raise ValueError("the weight is not a number above 0")
    return weight
