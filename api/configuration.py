"""The settings that are in force, and where each has its value from."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from reachproof.api.settings import PREFIX, Settings
from reachproof.network.errors import InputError, Problem


def configured(file: str | None = None, given: Mapping[str, Any] | None = None) -> Settings:
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


def sources(file: str | None, given: Mapping[str, Any]) -> dict[str, str]:
    """Where each setting has its value from."""
    table = _table(file)
    return {name: _source(name, given, table, file) for name in Settings.model_fields}


def shown(settings: Settings, origins: Mapping[str, str]) -> Iterator[str]:
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
        problem = f"found that the file cannot be read ({os.strerror(error.errno or 0)}), expected a TOML file"
    except ValueError as error:  # of TOML, or of UTF-8
        problem = f"found no TOML: {error}"
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
        return Problem(file="settings", message=detail["msg"].removeprefix("Value error, "))
    name = str(detail["loc"][0])
    source = _source(name, given, table, file)
    path = ".".join(map(str, detail["loc"]))
    if source.startswith("environment"):
        path, source = PREFIX + "_".join(map(str, detail["loc"])).upper(), "environment"
    if detail["type"] == "extra_forbidden":
        return Problem(file=source, path=path, message="there is no such setting")
    return Problem(file=source, path=path, message=f"found {_repeated(name, detail)}; {detail['msg']}")


def _repeated(name: str, detail: Mapping[str, Any]) -> str:
    field = Settings.model_fields.get(name)
    return (
        "a secret"
        if field is not None and SecretStr in getattr(field.annotation, "__args__", ())
        else repr(detail["input"])
    )
