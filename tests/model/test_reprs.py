"""Content stays out of ``repr``: it would end in logs and in tracebacks."""

from __future__ import annotations

import pytest

from leeward.model import AccountBody, Event, EvidenceItem, Finding, MediaRef, PollBody
from leeward.store import Quarantined, Refused

CANARY = "canary-7f3a"

HOLDERS = [
    Event(
        id=f"example:{CANARY}@1#create",
        source="example",
        kind="post",
        op="create",
        at=1,
        actor=CANARY,
        object=CANARY,
        target=CANARY,
        reply_to=CANARY,
        root=CANARY,
        text=CANARY,
        folded=CANARY,
        community=CANARY,
        tags=(CANARY,),
        media=(MediaRef(uri=CANARY),),
        links=(CANARY,),
        mentions=(CANARY,),
        extra={CANARY: CANARY},
    ),
    MediaRef(uri=CANARY, mime=CANARY),
    PollBody(options=(CANARY,)),
    AccountBody(handle=CANARY, name=CANARY, status=CANARY),
    EvidenceItem(kind="shared_media", subject=CANARY, weight=1.5),
    Finding(
        seq=1,
        signal="weather",
        version="1",
        subject=CANARY,
        outcome="abstained",
        at=1,
        reason=CANARY,
        evidence=(EvidenceItem(kind="shared_media", subject=CANARY, weight=1.5),),
    ),
    Refused(1, "text", "is not UTF-8", CANARY.encode()),
    Quarantined(1, 2, "leeward", CANARY, 3, "text", "is not UTF-8", CANARY.encode()),
]


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)
def test_a_repr_holds_no_content(holder: object) -> None:
    for shown in (repr(holder), str(holder), f"{holder}", repr([holder]), f"{holder!s:>10}"):
        assert CANARY not in shown
