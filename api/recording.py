"""Documents on their way to a client, remembered so that their result can be kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fastapi import Response
from starlette.background import BackgroundTask

from reachproof.api.results import ResultKey, Results

HEADER = "X-Reachproof-Cache"
# Larger reports are sent and not kept: they would have to be in memory as a whole.
_MOST_BYTES = 16_000_000


class Recording:
    """The blocks of a document; once all of them were taken, `document` is the whole, unless it is too large."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self.document: bytes | None = None
        if isinstance(blocks, tuple):
            self.blocks: Iterable[bytes] = blocks
            self._finish(list(blocks))
        else:
            self.blocks = self._taken(blocks)

    def _taken(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        kept: list[bytes] = []
        size = 0
        for block in blocks:
            size += len(block)
            if size <= _MOST_BYTES:
                kept.append(block)
            else:
                kept.clear()
            yield block
        if size <= _MOST_BYTES:
            self._finish(kept)

    def _finish(self, kept: list[bytes]) -> None:
        self.document = b"".join(kept)


def recorded(response: Response, recording: Recording, results: Results, key: ResultKey) -> Response:
    """The response, after which the result is kept if its document was sent as a whole."""

    def keep() -> None:
        if recording.document is not None:
            results.put(key, recording.document)

    response.headers[HEADER] = "miss"
    response.background = BackgroundTask(keep)
    return response
