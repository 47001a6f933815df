"""Help in sections: options by subject, commands by purpose."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from typing import Any

import click
from click.shell_completion import CompletionItem


class Section(StrEnum):
    """Headings of the options in a command's help, in order."""

    SOURCES = "Sources"
    OWN = "Options"
    EXIT_CODE = "Exit code"
    OUTPUT = "Output"
    LIMITS = "Limits"
    MODEL = "Model (each also as a variable: --pod-cidr is REACHPROOF_POD_CIDR)"


class Option(click.Option):
    """An option that knows its section."""

    def __init__(self, *arguments: Any, section: Section, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.section = section


in_sources = partial(click.option, cls=Option, section=Section.SOURCES)
in_exit_code = partial(click.option, cls=Option, section=Section.EXIT_CODE)
in_output = partial(click.option, cls=Option, section=Section.OUTPUT)
in_limits = partial(click.option, cls=Option, section=Section.LIMITS)
in_model = partial(click.option, cls=Option, section=Section.MODEL)


class Command(click.Command):
    """A command whose help has its options by section."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a list for each section that has options."""
        rows: dict[Section, list[tuple[str, str]]] = {section: [] for section in Section}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                rows[_section(parameter)].append(record)
        for section, records in rows.items():
            if records:
                with formatter.section(section):
                    formatter.write_dl(records)


def _section(option: click.Option) -> Section:
    if isinstance(option, Option):
        return option.section
    return Section.OUTPUT if "--help" in option.opts else Section.OWN


class Path(click.ParamType[str]):
    """Text that shells complete as a path; it need not exist, and may be - or a revision."""

    name = "path"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Leave it to the shell."""
        return [CompletionItem(incomplete, type="file")]


def write_commands(purposes: Mapping[str, Mapping[str, str]], formatter: click.HelpFormatter) -> None:
    """Write the commands of each purpose, a line each, in columns that are the same for all."""
    widest = max(len(name) for commands in purposes.values() for name in commands)
    for purpose, commands in purposes.items():
        with formatter.section(purpose):
            formatter.write_dl([(name.ljust(widest), summary) for name, summary in commands.items()])
