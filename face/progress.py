"""Progress of long work on standard error: in a terminal and in a notebook, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reachproof.network.printable import printable

Advance = Callable[[int, str], None]
"""Told how much is done, and what comes next."""

DELAY = 1.0
"""Seconds before a bar appears: short work has none."""


@contextmanager
def bar(title: str, total: int) -> Iterator[Advance]:
    """A bar, as long as the work goes on. There is none without tqdm, which the extra `notebook` brings."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        yield lambda _done, _next: None
        return
    # Only switched off, never on: a user's TQDM_DISABLE stays in force.
    quiet = {} if is_watched() else {"disable": True}
    with tqdm(total=total, desc=title, leave=False, delay=DELAY, file=sys.stderr, **quiet) as shown:

        def advance(done: int, following: str) -> None:
            shown.set_postfix_str(printable(following)[:40], refresh=False)
            shown.update(done - shown.n)

        yield advance


def is_watched() -> bool:
    """True if somebody sees standard error: a terminal, or a notebook."""
    return sys.stderr.isatty() or _in_notebook()


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"
