"""docs/interfaces.md names every option, setting, path, field and exit code that there is, and no other."""

from __future__ import annotations

import re

import click

from reachproof.api.app import create_app
from reachproof.api.schemas import QueryRequest
from reachproof.api.settings import Settings
from reachproof.cli.exit_codes import ExitCode
from reachproof.cli.help_page import Option, Section
from reachproof.cli.main import commands
from reachproof.documents.schema import published
from reachproof.network.options import Channel, CidrMatches, Cni, Enforcement, HostNetworkPods
from reachproof.queries.model_options import model_options
from tests.docs.pages import phrases, section

PAGE = "docs/interfaces.md"
_CONTEXT = click.Context(commands)
COMMANDS = {
    name: command
    for name in commands.list_commands(_CONTEXT)
    if (command := commands.get_command(_CONTEXT, name)) is not None
}
_OPTION = re.compile(r"^--?[a-z][a-z-]*")


def options(command: click.Command) -> set[str]:
    inside = command.commands.values() if isinstance(command, click.Group) else ()
    own = {name for each in command.params if isinstance(each, click.Option) for name in each.opts}
    return own.union(*(options(each) for each in inside))


def test_every_option_is_documented_and_no_other() -> None:
    told = {option for code in phrases(PAGE, "Command line", "HTTP") for option in _OPTION.findall(code)}
    known = set().union(*(options(command) for command in COMMANDS.values()))
    assert sorted(known ^ told) == []


def test_every_command_is_documented() -> None:
    told = set(re.findall(r"^    reachproof (\w+)\b", section(PAGE, "Command line"), re.MULTILINE))
    assert told == set(COMMANDS)


def test_every_setting_of_the_service_is_documented_with_its_default() -> None:
    known = {f"REACHPROOF_{name.upper()}": _shown(field.default) for name, field in Settings.model_fields.items()}
    told = dict(re.findall(r"^\| `(REACHPROOF_\w+)` \| ([^|]+) \|", section(PAGE, "HTTP"), re.MULTILINE))
    assert told == known


def _shown(default: object) -> str:
    match default:
        case None:
            return "unset"
        case bool():
            return str(default).lower()
        case tuple():
            return ",".join(default)
        case _:
            return str(default)


def test_every_path_of_the_service_is_documented() -> None:
    told = set(re.findall(r"`(?:GET|POST|PUT|DELETE) (/[\w./{}]*[\w}])`", section(PAGE, "HTTP")))
    assert told == {*create_app(Settings()).openapi()["paths"], "/openapi.json", "/docs"}


def test_every_field_of_a_request_and_of_an_answer_is_documented() -> None:
    asked = {field.alias or name for name, field in QueryRequest.model_fields.items()}
    assert asked <= set(phrases(PAGE, "HTTP"))
    assert set(published("answer")["$defs"]["Answer"]["properties"]) <= set(phrases(PAGE, "The answer"))


def test_every_exit_code_is_documented() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", section(PAGE, "Command line"), re.MULTILINE)}
    assert told == set(ExitCode)


def test_every_profile_is_documented() -> None:
    assert set(phrases("docs/semantics.md", "What is left open")) >= set(Cni)


def test_every_model_option_is_documented_with_its_values() -> None:
    table = section(PAGE, "Command line").partition("### Model options")[2].partition("### ")[0]
    values = [*Channel, *CidrMatches, *Enforcement, *HostNetworkPods]
    assert [value for value in values if f"`{value}`" not in table] == []
    names = dict.fromkeys(re.findall(r"^\| `--[\w-]+(?: [^`]*)?` \| `(\w+)`", table, re.MULTILINE))
    assert model_options(names) == model_options({})
    told = {*re.findall(r"`(REACHPROOF_\w+)`", table)}
    model = [each for each in COMMANDS["query"].params if isinstance(each, Option) and each.section is Section.MODEL]
    assert told == {each.envvar for each in model}
