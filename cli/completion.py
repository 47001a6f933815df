"""`reachproof completion`: scripts for shells, which ask the command itself what may come next."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that completes commands, options and files in SHELL.

    \b
    bash, in ~/.bashrc (bash 4.4 or newer)
      source <(reachproof completion bash)
    zsh, in ~/.zshrc after compinit
      source <(reachproof completion zsh)
    fish
      reachproof completion fish > ~/.config/fish/completions/reachproof.fish
    """
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"this version of click does not complete in {shell}")
    script = made(context.find_root().command, {}, "reachproof", "_REACHPROOF_COMPLETE")
    click.echo(script.source())
