"""The measures of text models, as JSON and as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from leeward.cli._options import counted

if TYPE_CHECKING:
    from leeward.evaluate import (
        AccountsMeasured,
        LanguageMeasured,
        Rate,
        TextMeasured,
        TextsCompared,
    )

__all__ = ["compared", "compared_lines", "measured", "measured_lines"]


def measured(found: TextMeasured) -> dict[str, Any]:
    """The measures of one model as a JSON object."""
    body: dict[str, Any] = msgspec.to_builtins(found)
    body["cuts"] = [
        {"ratio": cut.ratio}
        | {name: rate._asdict() for name, rate in zip(cut._fields[1:], cut[1:], strict=True)}
        for cut in found.cuts
    ]
    body["languages"] = [one._asdict() for one in found.languages]
    accounts = found.accounts
    if accounts is not None:
        body["accounts"] = accounts._asdict() | {
            "precision": accounts.precision._asdict(),
            "recall": accounts.recall._asdict(),
        }
    body["calibration"] = {
        "brier": found.calibration[0],
        "error": found.calibration[1],
        "bins": found.calibration[2],
    }
    return body


def compared(found: TextsCompared) -> dict[str, Any]:
    """The measures of two models as a JSON object."""
    return {
        "first": measured(found.first),
        "second": measured(found.second),
        "difference": {"average_precision": found.difference, "low": found.low, "high": found.high},
    }


def measured_lines(found: TextMeasured) -> list[str]:
    """The measures of one model for people."""
    lines = [
        f"version {found.version}",
        f"{found.rare:>12,}  rare examples, {found.ordinary:,} ordinary",
    ]
    if found.seen:
        lines.append(f"{found.seen:>12,}  left out: learnt from")
    if found.repeated:
        lines.append(f"{found.repeated:>12,}  left out: repeated")
    if found.abstained:
        lines.append(f"{found.abstained:>12,}  not spoken of")
    lines.append(f"messages: average precision {found.average_precision:.3f}")
    lines += [
        f"  ratio {cut.ratio:>5g} or more: precision {_rate(cut.precision)}, "
        f"recall {_rate(cut.recall)}, of the ordinary {_rate(cut.false)}"
        for cut in found.cuts
    ]
    if found.accounts is not None:
        lines += _account_lines(found.accounts)
    lines += [_language_line(one) for one in found.languages]
    error = found.calibration[1]
    if error is not None:
        lines.append(f"calibration: what was said is off by {error:.3f} on average")
    return lines


def compared_lines(found: TextsCompared) -> list[str]:
    """The measures of two models for people."""
    better = f"the second is better by {found.difference:+.3f} in average precision"
    return [
        *measured_lines(found.first),
        "",
        *measured_lines(found.second),
        "",
        f"{better} (95 %: {found.low:+.3f} to {found.high:+.3f})",
    ]


def _language_line(one: LanguageMeasured) -> str:
    line = f"language {one.language or 'not stated'}: {one.rare:,} rare, {one.ordinary:,} ordinary"
    if one.abstained:
        line += f", {one.abstained:,} not spoken of"
    if one.average_precision is not None:
        line += f", average precision {one.average_precision:.3f}"
    return line


def _account_lines(found: AccountsMeasured) -> list[str]:
    score = "unknown" if found.average_precision is None else f"{found.average_precision:.3f}"
    whose = f"{counted(found.positive, 'account')} with rare messages, {found.others:,} without"
    precision, recall = _rate(found.precision), _rate(found.recall)
    return [
        f"accounts: average precision {score}; {whose}",
        f"  score {found.line:.1f} or more: precision {precision}, recall {recall}",
    ]


def _rate(rate: Rate) -> str:
    if rate.share is None:
        return "unknown"
    return f"{rate.share:.3f} ({rate.low:.3f} to {rate.high:.3f})"
