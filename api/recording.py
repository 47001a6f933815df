"""Documents on their way to a client, remembered so that their result can be kept."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Response
from starlette.background import BackgroundTask

from reachproof.api.results import ResultKey, Results
from reachproof.api.workplace import Written

HEADER = "X-Reachproof-Cache"
# Larger reports are sent and not kept: they would have to be in memory as a whole.
_MOST_BYTES = 16_000_000


class Recording:
    """Another document; once all of it was read, `whole` is what it was, unless it is too large."""

    def __init__(self, document: Written) -> None:
        self._document = document
        self.whole: bytes | None = None

    @property
    def is_small(self) -> bool:
        """See `Written`."""
        return self._document.is_small

    def content(self) -> bytes:
        """See `Written`."""
        self.whole = self._document.content()
        return self.whole

    def blocks(self) -> Iterator[bytes]:
        """See `Written`."""
        kept: list[bytes] = []
        size = 0
        for block in self._document.blocks():
            size += len(block)
            if size <= _MOST_BYTES:
                kept.append(block)
            else:
                kept.clear()
            yield block
        if size <= _MOST_BYTES:
            self.whole = b"".join(kept)

    def close(self) -> None:
        """See `Written`."""
        self._document.close()


def recorded(response: Response, recording: Recording, results: Results, key: ResultKey) -> Response:
    """The response, after which the result is kept if its document was read as a whole."""

    def keep() -> None:
        if recording.whole is not None:
            results.put(key, recording.whole)

    response.headers[HEADER] = "miss"
    response.background = BackgroundTask(keep)
    return response
