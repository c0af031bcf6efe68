"""Findings that an earlier release sealed, read by this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from leeward.model import FINDING_SCHEMA, EvidenceItem, Finding
from leeward.store import Log, Writer, findings_of
from leeward.store import _findings as stored
from tests.store._helpers import batch

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_EARLIER = ("kind", "subject", "weight", "start", "end")


def test_evidence_without_the_later_parts_is_read_beside_evidence_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A data folder from before evidence had a value, an interval and a count."""
    element = FINDING_SCHEMA.field("evidence").type.value_type
    earlier = pa.list_(pa.field("element", pa.struct([element.field(name) for name in _EARLIER])))
    at = FINDING_SCHEMA.get_field_index("evidence")

    with Writer.open(tmp_path) as writer:
        writer.append(batch(range(1, 3)))
        writer.add_findings([_finding(1, EvidenceItem("shared", "at://a", 1.5))])
        with monkeypatch.context() as patch:
            patch.setattr(
                stored, "FINDING_SCHEMA", FINDING_SCHEMA.set(at, pa.field("evidence", earlier))
            )
            writer.seal()
        (sealed,) = (tmp_path / "log" / "findings").iterdir()
        assert pq.read_schema(sealed).field("evidence").type == earlier
        later = EvidenceItem("shared", "at://a", 1.5, value=0.5, low=0.25, high=0.75, count=4)
        writer.add_findings([_finding(2, later)])

    with Log(tmp_path) as log:
        rows = pa.Table.from_batches(log.findings()).sort_by("seq")["evidence"].to_pylist()
        found = findings_of(log, "gathering", [1, 2])

    assert [[item["value"] for item in evidence] for evidence in rows] == [[None], [0.5]]
    assert [finding.evidence[0].count for finding in found] == [None, 4]


def _finding(seq: int, *evidence: EvidenceItem) -> Finding:
    return Finding(
        seq=seq,
        signal="gathering",
        version="1",
        subject="at://post",
        outcome="hit",
        at=0,
        score=1.0,
        evidence=evidence,
    )
