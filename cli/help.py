"""`reachproof help`: the help of all commands, or of one."""

from __future__ import annotations

from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem


class Topic(click.ParamType[str]):
    """The name of a command."""

    name = "command"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The commands that begin so."""
        root = ctx.find_root()
        return root.command.shell_complete(root, incomplete)


@click.command()
@click.argument("topic", nargs=-1, type=Topic(), metavar="[COMMAND]")
@click.pass_context
def help(context: click.Context, topic: tuple[str, ...]) -> None:
    """Show the help of COMMAND, or list all commands.

    \b
    reachproof help query
    reachproof help token create
    """
    click.echo(command_help(context.find_root(), topic))


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
