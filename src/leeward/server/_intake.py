"""From bodies to durable events: one thread decodes, the writer commits, the loop answers."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from leeward.errors import LeewardError
from leeward.server._answers import Problem, problem_of
from leeward.server._bodies import Form, empty, lines_in
from leeward.server._grouping import GROUP_BODIES, GROUP_BYTES, SMALL_BODY, decode_each
from leeward.store import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from leeward.connectors import Decoded
    from leeward.server._budget import Share
    from leeward.store import Refused, Writer

    Answer = Callable[["Outcome | None", BaseException | None], None]
    Batch = list[tuple["Work", asyncio.Future["Outcome"]]]

__all__ = ["Intake", "Outcome", "Work"]

DECODERS: Final = 1
"""Threads that decode. Decoding holds the interpreter lock, so a second one gains nothing."""

_NOTHING: Final = Receipt(0, 0, 0, 0)


@dataclass(slots=True, eq=False)
class Work:
    """One request's body on its way into the log."""

    body: bytes
    form: Form
    share: Share
    atomic: bool
    origin: str


class Outcome(NamedTuple):
    """What became of it; durable."""

    receipt: Receipt
    refused: Sequence[Refused]


class Intake:
    """Takes bodies in. Made and used on one event loop.

    Args:
        writer: The log's writer.
        max_body: Bytes that a body may unpack to.
    """

    def __init__(self, writer: Writer, max_body: int) -> None:
        self._writer = writer
        self._max_body = max_body
        self._waiting: deque[tuple[Work, asyncio.Future[Outcome]]] = deque()
        self._lock = threading.Lock()
        self._active = 0
        self._threads = ThreadPoolExecutor(DECODERS, "leeward-decode")
        self._mail = Mailbox()

    async def put(self, work: Work) -> Outcome:
        """Decode a body, store it, and return when it is durable.

        Raises:
            Problem: What the sender is to be told.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        with self._lock:
            self._waiting.append((work, future))
            start = self._active < DECODERS
            self._active += start
        if start:
            self._threads.submit(self._run, loop)
        return await future

    def close(self) -> None:
        """Finish what was taken."""
        self._threads.shutdown()

    # --- in the decoding thread ----------------------------------------------------------------

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        while group := self._next_group():
            self._take_in(group, loop)

    def _next_group(self) -> Batch:
        """A body, or small ones that wait together; none ends the thread's work."""
        with self._lock:
            if not self._waiting:
                self._active -= 1
                return []
            group = [self._waiting.popleft()]
            size = len(group[0][0].body)
            while (
                self._waiting
                and max(len(group[0][0].body), len(self._waiting[0][0].body)) <= SMALL_BODY
                and size + len(self._waiting[0][0].body) <= GROUP_BYTES
                and len(group) < GROUP_BODIES
            ):
                group.append(self._waiting.popleft())
                size += len(group[-1][0].body)
            return group

    def _take_in(self, group: Batch, loop: asyncio.AbstractEventLoop) -> None:
        texts: list[bytes] = []
        sound: Batch = []
        for work, future in group:
            answer = self._mail.to(loop, future)
            try:
                text = lines_in(work.body, work.form, work.share, self._max_body)
            except Exception as error:
                answer(None, error)
                continue
            if text is not work.body and len(text) > SMALL_BODY:
                # Unpacked it is small no more, so it is decoded by itself.
                self._decode_and_submit([text], [(work, future)], loop)
                continue
            texts.append(text)
            sound.append((work, future))
        if texts:
            self._decode_and_submit(texts, sound, loop)

    def _decode_and_submit(
        self, texts: list[bytes], group: Batch, loop: asyncio.AbstractEventLoop
    ) -> None:
        answers = [self._mail.to(loop, future) for _, future in group]
        try:
            each = decode_each(texts)
        except Exception as error:
            for answer in answers:
                answer(None, error)
            return
        for (work, _), decoded, answer in zip(group, each, answers, strict=True):
            try:
                self._submit(work, decoded, answer)
            except Exception as error:
                answer(None, error)

    def _submit(self, work: Work, decoded: Decoded, answer: Answer) -> None:
        refused = decoded.refused
        if refused and work.atomic:
            raise Problem(
                422,
                "refused",
                "the batch holds lines that may not enter; nothing of it was stored",
                "mend the lines named here and send the batch again",
                refused=refused,
            )
        if not decoded.records and not work.form.array:
            raise empty()
        if not decoded.records:
            answer(Outcome(_NOTHING, ()), None)
            return

        def done(future: Future[Receipt]) -> None:
            error = future.exception()
            if isinstance(error, LeewardError):
                answer(None, _told(error, refused))
            elif error is not None:
                answer(None, error)
            else:
                answer(Outcome(future.result(), refused), None)

        try:
            pending = self._writer.submit(decoded.batch, refused=refused, origin=work.origin)
        except LeewardError as error:
            raise _told(error, refused) from error
        pending.add_done_callback(done)


def _told(error: LeewardError, refused: Sequence[Refused]) -> Problem:
    problem = problem_of(error, refused)
    problem.__cause__ = error
    return problem


class Mailbox:
    """Brings results from threads to the event loop, waking it once for many."""

    def __init__(self) -> None:
        self._posts: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._armed = False

    def to(
        self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any]
    ) -> Callable[[Any, BaseException | None], None]:
        """A function that any thread may call once, to resolve a future of the loop."""

        def post(result: Any, error: BaseException | None) -> None:
            self._posts.append((future, result, error))
            # The loop disarms before it empties the box: a post that finds it armed is emptied.
            if not self._armed:
                self._armed = True
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                    loop.call_soon_threadsafe(self._deliver)

        return post

    def _deliver(self) -> None:
        self._armed = False
        while self._posts:
            future, result, error = self._posts.popleft()
            if future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
