"""A part of a condition as one would write it: for explanations, with every name spelled out."""

from __future__ import annotations

from leeward.model import bounds
from leeward.policy._tree import (
    MICROS,
    Affix,
    All,
    Among,
    Arithmetic,
    AtLeast,
    Column,
    Compare,
    Constant,
    Either,
    Extreme,
    Known,
    Length,
    Listing,
    Member,
    Negative,
    Not,
    Overlap,
    Part,
    Within,
)

__all__ = ["written"]


def written(part: Part) -> str:
    """The part in the language of conditions; parsed again, it is the same part."""
    match part:
        case Column():
            return part.name
        case Constant():
            return _constant(part)
        case Listing():
            return f"[{', '.join(map(_quoted, part.values))}]"
        case Not(inner):
            return _not(inner)
        case All(parts):
            return " and ".join(map(_joined, parts))
        case Either(parts):
            return " or ".join(map(_joined, parts))
        case Compare(sign, left, right) | Arithmetic(sign, left, right):
            return f"{_inside(left)} {sign} {_inside(right)}"
        case Negative(inner):
            return f"-{_inside(inner)}"
    return _holding(part)


def _not(part: Part) -> str:
    match part:
        case Known(Column(kind="bool", finding=signal)) if signal:
            return f"{signal}.abstained"
        case Column(finding=signal) if signal:
            return f"{signal}.miss"
    return f"not {_inside(part)}"


def _holding(part: Part) -> str:
    match part:
        case Among(item, listing):
            return f"{_inside(item)} in {written(listing)}"
        case Member(item, of):
            return f"{_inside(item)} in {_inside(of)}"
        case Within(piece, of):
            return f"{_quoted(piece)} in {_inside(of)}"
        case Affix(end, of, piece):
            return f"{_inside(of)}.{'endswith' if end else 'startswith'}({_quoted(piece)})"
        case Overlap(every, of, listing):
            return f"has_{'all' if every else 'any'}({written(of)}, {written(listing)})"
        case Known(inner):
            return f"known({written(inner)})"
        case Length(of):
            return f"len({written(of)})"
        case Extreme(greatest, parts):
            return f"{'max' if greatest else 'min'}({', '.join(map(written, parts))})"
        case AtLeast(least, parts):
            return f"at_least({least}, {', '.join(map(written, parts))})"
    raise AssertionError(f"a part that cannot be written: {type(part).__name__}")


def _constant(part: Constant) -> str:
    if part.kind == "duration":
        # Microseconds are whole, and so is this fraction of a minute when it is read again.
        unit = next((u for u in ("days", "hours") if not part.value % MICROS[u]), "minutes")
        return f"{unit}({_number(part.value / MICROS[unit])})"  # type: ignore[operator]
    return str(part.value) if part.kind == "bool" else _quoted(part.value)


def _quoted(value: float | str) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return _number(value)


def _number(value: float) -> str:
    whole = value == int(value) and abs(value) <= bounds.MAX_INTEGER
    return f"{value:.0f}" if whole else repr(value)


def _joined(part: Part) -> str:
    text = written(part)
    return f"({text})" if isinstance(part, All | Either) else text


def _inside(part: Part) -> str:
    """In brackets where it would be read otherwise without."""
    loose = All | Either | Compare | Arithmetic | Among | Member | Within | Negative
    text = written(part)
    if isinstance(part, Not) and text.startswith("not "):
        return f"({text})"
    if isinstance(part, Constant) and part.kind == "number" and text.startswith("-"):
        return f"({text})"
    return f"({text})" if isinstance(part, loose) else text
