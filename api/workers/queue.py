"""Work that waits, each client with a queue of its own; the clients take turns."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """First come first served for each client, and one item for each client in turn.

    So a client with a thousand items waits for them, and one with a single item waits for one of every other client.
    """

    def __init__(self) -> None:
        self._of: OrderedDict[str, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    def put(self, client: str, item: T) -> None:
        """The last of its client's. A client that had none is the last to have its turn."""
        self._of.setdefault(client, deque()).append(item)

    def take(self) -> T | None:
        """The next item, None if nothing waits."""
        if not self._of:
            return None
        client, items = self._of.popitem(last=False)
        item = items.popleft()
        if items:
            self._of[client] = items
        return item

    def remove(self, client: str, item: T) -> bool:
        """Take an item out; False where it is not here any more."""
        items = self._of.get(client)
        if items is None or item not in items:
            return False
        items.remove(item)
        if not items:
            del self._of[client]
        return True

    def clear(self) -> list[T]:
        """Take out everything."""
        found = [item for items in self._of.values() for item in items]
        self._of.clear()
        return found
