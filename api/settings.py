"""Settings of the service, and where each is from: the environment (`REACHPROOF_...`), a TOML file, or the defaults."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from reachproof.api.loopback import is_loopback, is_trusted_url
from reachproof.api.quotas import Quotas
from reachproof.api.validation_messages import message_of
from reachproof.manifests.limits import DEFAULT_LIMITS, Limits
from reachproof.network.errors import InputError, Problem

PREFIX = "REACHPROOF_"
ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


def _words(value: Any) -> Any:
    return tuple(filter(None, (each.strip() for each in value.split(",")))) if isinstance(value, str) else value


def _some(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("must name at least one")
    return value


# In the environment its parts are parted by commas.
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_some)]


class Settings(BaseSettings):
    """Settings of the service: its address, access, the limits of one request, and its workers."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid")

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    processes: int = Field(default=1, gt=0, le=64, description="Processes that share the port.")

    auth: Literal["auto", "required"] = Field(
        default="auto", description="auto: required where other machines can reach the service."
    )
    allow_unauthenticated: bool = Field(
        default=False, description="Accept requests from other machines without authentication."
    )
    open_metrics: bool = Field(default=False, description="/metrics needs no token.")
    oidc_issuer: str | None = Field(default=None, description="Issuer of the JSON Web Tokens to accept.")
    oidc_audience: str | None = Field(default=None, description="Audience that the tokens must have.")
    oidc_jwks: str | None = Field(default=None, description="The issuer's keys: a file or an https URL.")
    oidc_algorithms: Words = Field(default=("RS256", "ES256"), description="Asymmetric ones only.")
    oidc_role_claim: str = Field(default="roles", description="Claim with the roles; dots separate nested claims.")
    oidc_read: Words = Field(default=("reachproof-read",), description="Values of the claim that grant read.")
    oidc_write: Words = Field(default=("reachproof-write",), description="Values of the claim that grant write.")
    oidc_snapshots_claim: str | None = Field(
        default=None, description="The claim with patterns of the snapshots that a token is limited to, or *."
    )
    oidc_namespaces_claim: str | None = Field(
        default=None, description="The claim with the namespaces that a token is limited to, or *."
    )
    oidc_leeway_seconds: int = Field(
        default=30, ge=0, le=300, description="Tolerance for clock differences, in seconds."
    )

    max_body_bytes: int = Field(
        default=64_000_000, gt=0, description="Limit of a request body, in bytes; larger ones get a 413."
    )
    max_read_body_bytes: int = Field(
        default=32_000_000, gt=0, description="Of clients with the role read, also those of more bytes than this."
    )
    waiting_bodies_mb: int = Field(
        default=256, gt=0, description="Requests under way may have so many megabytes together; others get a 503."
    )
    max_unpacked_bytes: int = Field(
        default=128_000_000, gt=0, description="Packed bodies that are larger unpacked are refused with 413."
    )
    max_body_seconds: int = Field(
        default=60, gt=0, description="Time limit for receiving a request body; slower ones get a 408."
    )
    max_documents: int = Field(default=200_000, gt=0, description="Limit of objects in the manifests of a request.")
    max_depth: int = Field(
        default=DEFAULT_LIMITS.depth, gt=0, le=DEFAULT_LIMITS.depth, description="Limit of nested maps and lists."
    )
    max_query_chars: int = Field(default=10_000, gt=0, le=10_000, description="Of one sentence.")
    max_pack_chars: int = Field(default=1_000_000, gt=0, le=1_000_000, description="Of one pack.")
    max_queries: int = Field(default=100, gt=0, description="Limit of statements in one request.")
    max_timeout_ms: int = Field(
        default=60_000, gt=0, le=86_400_000, description="Upper limit of the timeout of a question."
    )
    default_timeout_ms: int = Field(default=10_000, gt=0, description="Timeout of questions that set none.")
    max_connections: int = Field(default=500, gt=0, description="Limit of connections of one process; more get a 503.")
    idle_seconds: int = Field(default=15, gt=0, description="Time limit for receiving the header of a request.")

    database_url: SecretStr | None = Field(
        default=None, description="Where snapshots are stored; unset: a file of the user that runs the service."
    )
    max_stored_snapshots: int | None = Field(
        default=None, gt=0, description="Limit of snapshots in the store; unset: none."
    )
    max_stored_bytes: int | None = Field(
        default=None, gt=0, description="Limit of their bytes, as they are stored; unset: none."
    )
    max_client_snapshots: int | None = Field(
        default=None, gt=0, description="Limit of snapshots that one client stored; unset: none."
    )
    max_client_bytes: int | None = Field(default=None, gt=0, description="Limit of their bytes; unset: none.")
    result_cache_entries: int = Field(
        default=10_000, ge=0, description="Limit of entries in the result cache; 0 turns it off."
    )
    result_cache_bytes: int = Field(
        default=256_000_000, ge=0, description="Limit of the result cache in compressed bytes; 0 turns it off."
    )
    workers: int = Field(default=2, gt=0, description="Number of worker processes.")
    queue_length: int = Field(
        default=64,
        gt=0,
        description="Requests that may wait besides one for each worker; one client may have half of them.",
    )
    worker_jobs: int = Field(default=10_000, gt=0, description="Tasks after which a worker is replaced.")
    worker_memory_mb: int = Field(default=4_000, ge=200, description="Memory limit of a worker, in megabytes.")
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
        default=30_000, gt=0, description="Time after which a client that does not read its response is disconnected."
    )
    drain_ms: int = Field(
        default=25_000, ge=0, description="At the end, work under way has so long; then it is answered with 503."
    )
    otel: bool = Field(default=False, description="Traces and metrics by OpenTelemetry, as its variables say.")

    @model_validator(mode="after")
    def _oidc_is_whole(self) -> Settings:
        parts = {"oidc_issuer": self.oidc_issuer, "oidc_audience": self.oidc_audience, "oidc_jwks": self.oidc_jwks}
        missing = [name for name, value in parts.items() if not value]
        if missing and len(missing) < len(parts):
            raise ValueError(f"{' and '.join(missing)} missing; set all of {', '.join(parts)}, or none")
        if self.oidc_jwks and "://" in self.oidc_jwks and not is_trusted_url(self.oidc_jwks):
            raise ValueError("oidc_jwks must be a file or an https URL")
        wrong = sorted(set(self.oidc_algorithms) - set(ASYMMETRIC))
        if wrong:
            raise ValueError(f"unsupported oidc_algorithms {', '.join(wrong)}; choose from {', '.join(ASYMMETRIC)}")
        return self

    @property
    def is_open(self) -> bool:
        """True if nobody is asked who they are."""
        return self.auth == "auto" and (self.allow_unauthenticated or is_loopback(self.host))

    @property
    def quotas(self) -> Quotas:
        """The bounds of what is stored."""
        return Quotas(
            snapshots=self.max_stored_snapshots,
            stored_bytes=self.max_stored_bytes,
            client_snapshots=self.max_client_snapshots,
            client_bytes=self.max_client_bytes,
        )

    @property
    def reading(self) -> Limits:
        """The bounds of manifests in requests."""
        return Limits(depth=self.max_depth, documents=self.max_documents)


# ---------------------------------------------------------------- where each setting has its value from


def load_settings(file: str | None = None, given: Mapping[str, Any] | None = None) -> Settings:
    """The settings: what was `given` wins over the environment, that over the TOML file, and that over the defaults.

    Raises InputError with everything that is wrong, each with the place that it is from.
    """
    told = given or {}
    from_file = _table(file)

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=file)

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            found = (init_settings, env_settings)
            return found if file is None else (*found, TomlConfigSettingsSource(settings_cls))

    try:
        return FromFile(**told)
    except ValidationError as error:
        raise InputError(_problem(dict(each), told, from_file, file) for each in error.errors()) from None


def setting_sources(file: str | None, given: Mapping[str, Any]) -> dict[str, str]:
    """The source of each setting's value."""
    table = _table(file)
    return {name: _source(name, given, table, file) for name in Settings.model_fields}


def toml_lines(settings: Settings, origins: Mapping[str, str]) -> Iterator[str]:
    """The settings as lines of a TOML file, which --config reads. Secrets are not shown, unset ones are comments."""
    for name in Settings.model_fields:
        value = getattr(settings, name)
        text = f"# {name} is unset" if value is None else f"{name} = {_toml(value)}"
        yield f"{text}  # {origins[name]}"


def _toml(value: Any) -> str:
    match value:
        case SecretStr():
            return json.dumps("**********")
        case tuple():
            return json.dumps(list(value), ensure_ascii=False)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _table(file: str | None) -> Mapping[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"cannot read the file: {os.strerror(error.errno or 0)}"
    except ValueError as error:  # of TOML, or of UTF-8
        problem = f"not valid TOML: {error}"
    raise InputError([Problem(file=file, message=problem)])


def _source(name: str, given: Mapping[str, Any], table: Mapping[str, Any], file: str | None) -> str:
    if name in given:
        return "command line"
    if any(PREFIX + name.upper() == each.upper() for each in os.environ):
        return f"environment: {PREFIX}{name.upper()}"
    return str(file) if name in table else "default"


def _problem(
    detail: Mapping[str, Any], given: Mapping[str, Any], table: Mapping[str, Any], file: str | None
) -> Problem:
    if not detail["loc"]:  # about several settings together
        return Problem(file="settings", message=message_of(detail))
    name = str(detail["loc"][0])
    source = _source(name, given, table, file)
    path = ".".join(map(str, detail["loc"]))
    if source.startswith("environment"):
        path, source = PREFIX + "_".join(map(str, detail["loc"])).upper(), "environment"
    if detail["type"] == "extra_forbidden":
        return Problem(file=source, path=path, message="unknown setting")
    return Problem(file=source, path=path, message=f"invalid value {_repeated(name, detail)}: {message_of(detail)}")


def _repeated(name: str, detail: Mapping[str, Any]) -> str:
    field = Settings.model_fields.get(name)
    return (
        "a secret"
        if field is not None and SecretStr in getattr(field.annotation, "__args__", ())
        else repr(detail["input"])
    )
