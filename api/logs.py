"""Logs as JSON, one object a line on standard error. JSON escapes control characters, so no text can forge a line."""

from __future__ import annotations

import logging
import sys
from logging.handlers import QueueHandler, QueueListener
from queue import Queue
from typing import Any, TextIO

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import Processor

_COMMON: tuple[Processor, ...] = (
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)
# Others say what they do at these levels; nobody needs to know that for each request.
_QUIET = ("uvicorn.access", "alembic", "sqlalchemy")


def _logger(name: str) -> BoundLogger:
    logger: BoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[
            structlog.stdlib.filter_by_level,
            *_COMMON,
            structlog.processors.format_exc_info,  # here, as the thread that writes has no exception
            ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=BoundLogger,
    )
    return logger


# Who asked what, and everything else.
AUDIT = _logger("reachproof.audit")
SERVICE = _logger("reachproof.service")


MOST_WAITING = 10_000
"""Lines that wait to be written; whoever says more waits too, so that none is lost."""


class _QueuedHandler(QueueHandler):
    """Leaves lines to a thread that formats and writes them, so that no request waits for a slow reader of the log."""

    def __init__(self, writer: logging.Handler) -> None:
        self._lines: Queue[Any] = Queue(MOST_WAITING)
        super().__init__(self._lines)
        QueueListener(self._lines, writer).start()

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """The record as it is: it stays in this process."""
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Waits where there is no room."""
        self._lines.put(record)

    def flush(self) -> None:
        """Waits until all that was said is written."""
        self._lines.join()


def log_as_json(stream: TextIO | None = None) -> None:
    """Have all loggers of this process, uvicorn's too, write to the stream: standard error if left out."""
    writer = logging.StreamHandler(stream or sys.stderr)
    writer.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=_COMMON,
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [_QueuedHandler(writer)]
    root.setLevel(logging.WARNING)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("reachproof").setLevel(logging.INFO)


def flush() -> None:
    """Wait until all that was said is written."""
    for handler in logging.getLogger().handlers:
        handler.flush()
