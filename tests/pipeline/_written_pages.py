"""An exchange of pages that a test wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeward.connectors import ExchangeCheckpoint, ExchangeItem, Page, ReviewedFeedback
from leeward.errors import DependencyDown, UsageError
from tests.pipeline._exchange_worlds import pdq

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = ExchangeCheckpoint(through=7)


class Pages:
    """An exchange of pages that a test wrote."""

    name = "quay"

    def __init__(self, *pages: Page) -> None:
        self._pages = pages
        self.sent: list[int] = []
        self.down_at: int | None = None

    def pages(self, since: ExchangeCheckpoint | None) -> Iterator[Page]:
        yield from self._pages

    def send_feedback(self, feedback: ReviewedFeedback) -> None:
        if not feedback.reviewed_by:
            raise UsageError("nobody has looked")
        if feedback.id == self.down_at:
            raise DependencyDown("the exchange does not answer")
        self.sent.append(feedback.id)

    def close(self) -> None: ...


def items(*keys: int) -> tuple[ExchangeItem, ...]:
    return tuple(
        ExchangeItem(member="m", external_id=str(key), hashes=(("pdq", pdq(key)),)) for key in keys
    )
