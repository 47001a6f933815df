"""Settings of the service, from the environment (`REACHPROOF_...`)."""

from __future__ import annotations

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from reachproof.network.errors import InputError, Problem

PREFIX = "REACHPROOF_"


class Settings(BaseSettings):
    """Limits of one request, and how many questions are answered at once."""

    model_config = SettingsConfigDict(env_prefix=PREFIX)

    max_body_bytes: int = Field(default=64_000_000, gt=0, description="Larger requests are refused with 413.")
    max_unpacked_bytes: int = Field(
        default=128_000_000, gt=0, description="Packed bodies that are larger unpacked are refused with 413."
    )
    max_timeout_ms: int = Field(
        default=60_000, gt=0, le=86_400_000, description="No question gets more, whatever it asks for."
    )
    default_timeout_ms: int = Field(default=10_000, gt=0, description="For questions that name no timeout.")
    max_queries: int = Field(default=100, gt=0, description="Statements in one request.")
    database_url: SecretStr | None = Field(
        default=None, description="Where snapshots are stored; unset: a file of the user that runs the service."
    )
    result_cache_entries: int = Field(default=10_000, ge=0, description="Results that are kept; 0: none.")
    result_cache_bytes: int = Field(default=256_000_000, ge=0, description="Together, compressed; 0: none.")
    workers: int = Field(default=2, gt=0, description="Worker processes: how much is worked on at once.")
    queue_length: int = Field(
        default=64,
        gt=0,
        description="Requests that may wait besides one for each worker; one client may have half of them.",
    )
    worker_jobs: int = Field(default=10_000, gt=0, description="A worker that answered so many is replaced.")
    worker_memory_mb: int = Field(
        default=4_000, ge=200, description="The system lets no worker have more memory, in megabytes."
    )
    warm_memory_mb: int = Field(
        default=1_000, ge=0, description="Prepared snapshots are kept as long as a worker has not more, in megabytes."
    )
    reading_timeout_ms: int = Field(
        default=60_000, gt=0, description="For reading and preparing the snapshots of a request."
    )
    grace_ms: int = Field(
        default=5_000, gt=0, description="A worker that has not stopped so long after the time is over is killed."
    )
    waiting_reports_mb: int = Field(
        default=2_000, gt=0, description="Documents that are not sent yet may have so many megabytes together."
    )
    patience_ms: int = Field(
        default=30_000, gt=0, description="A client that takes nothing of its answer for so long is hung up on."
    )
    drain_ms: int = Field(
        default=25_000, ge=0, description="At the end, work under way has so long; then it is answered with 503."
    )


def settings() -> Settings:
    """The settings of this process. Raises InputError with every variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise InputError(
            Problem(
                file="environment",
                path=PREFIX + "_".join(map(str, each["loc"])).upper(),
                message=f"found {each['input']!r}; {each['msg']}",
            )
            for each in error.errors()
        ) from None
