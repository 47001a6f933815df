"""Logs as JSON, one object a line on standard error. JSON escapes control characters, so no text can forge a line."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

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
        processors=[structlog.stdlib.filter_by_level, *_COMMON, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=BoundLogger,
    )
    return logger


# Who asked what, and everything else.
AUDIT = _logger("reachproof.audit")
SERVICE = _logger("reachproof.service")


def log_as_json(stream: TextIO | None = None) -> None:
    """Have all loggers of this process, uvicorn's too, write to the stream: standard error if left out."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
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
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("reachproof").setLevel(logging.INFO)
