"""`reachproof help`: the help of all commands, or of one, or what a code in an answer says."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from reachproof.documents.codes import meanings, near_codes
from reachproof.render.code_help import code_lines

_CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


class Topic(click.ParamType[str]):
    """The name of a command, or a code."""

    name = "command"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The commands that begin so, or the codes."""
        if incomplete[:1].isupper():
            return [CompletionItem(code) for code in meanings() if code.startswith(incomplete)]
        root = ctx.find_root()
        return root.command.shell_complete(root, incomplete)


@click.command()
@click.argument("topic", nargs=-1, type=Topic(), metavar="[COMMAND|CODE]")
@click.pass_context
def help(context: click.Context, topic: tuple[str, ...]) -> None:
    """Show the help of COMMAND, or list all commands; or explain the CODE of an assumption, a warning or a finding.

    \b
    reachproof help query
    reachproof help token create
    reachproof help NAMESPACE_ASSUMED
    """
    if len(topic) == 1 and _CODE.fullmatch(topic[0]):
        click.echo("\n".join(explained(topic[0])))
    else:
        click.echo(command_help(context.find_root(), topic))


def explained(code: str) -> list[str]:
    """The lines about a code; a usage error with near ones where there is none of this name."""
    found = meanings().get(code)
    if found is None:
        near = near_codes(code)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; docs/ has them all"
        raise click.UsageError(f"no such code {code!r}{hint}")
    return list(code_lines(code, found))


def command_help(root: click.Context, path: Sequence[str]) -> str:
    """The help of the command that the words lead to; a usage error where there is none."""
    here = root
    for word in path:
        if not isinstance(here.command, click.Group):
            raise click.UsageError(f"{here.command_path} has no subcommands (got {word!r})", ctx=here)
        name, command, _rest = here.command.resolve_command(here, [word])
        if command is None:
            raise click.UsageError(f"No such command {word!r}.", ctx=here)
        here = click.Context(command, info_name=name, parent=here)
    return here.get_help()
