"""Options that several commands share."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from reachproof.cli.help_page import Path, in_exit_code, in_limits, in_model, in_output, in_sources
from reachproof.documents.words import By
from reachproof.network import process_memory
from reachproof.network.options import AmbientPort, Channel, CidrMatches, Cni, Enforcement, HostNetworkPods
from reachproof.solver.budget import Budget

NO_CACHE = f"{__name__}.no_cache"
"""In `click.Context.meta`: whether `--no-cache` was given."""
MEMORY = f"{__name__}.memory"
"""In `click.Context.meta`: the bytes that the command may have."""
STARTED = f"{__name__}.started"
"""In `click.Context.meta`: the clock's time from which the limit of a command runs."""
_A_DAY = 86_400
_LEAST_MEGABYTES = 100
Command = TypeVar("Command", bound=Callable[..., Any])


def choice(values: Iterable[str]) -> click.Choice[str]:
    """A choice of these words; of an enumeration click would offer the names of its members in Python."""
    return click.Choice([str(value) for value in values])


class Implementation(click.ParamType[str]):
    """The name of an implementation, and behind an `@` its release; which there are, the model options know."""

    name = "cni"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The form; the names, which would be too long, are in the help."""
        return "NAME[@RELEASE]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text; a usage error for a name that is none."""
        name, at, release = value.partition("@")
        return choice(Cni).convert(name, param, ctx) + at + release

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names that begin so."""
        return choice(Cni).shell_complete(ctx, param, incomplete)


def source(otherwise: str) -> Callable[[Command], Command]:
    """The option `--from`; `otherwise` says what is read without it."""
    return in_sources(
        "-f",
        "--from",
        "sources",
        type=Path(),
        multiple=True,
        metavar="SOURCE",
        help="Source: a file, a folder (all .yaml, .yml and .json files below it), or - for standard input. "
        f"Repeatable.  [default: {otherwise}]",
    )


def _remember_no_cache(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    """Kept with the context, so that commands need not hand it on to the reading."""
    context.meta[NO_CACHE] = value


ENTRIES = (
    in_sources(
        "--exclude",
        multiple=True,
        metavar="GLOB",
        help="Files and folders to pass over below a folder, by name, or by path if GLOB has a slash. Repeatable.",
    ),
    in_sources(
        "-n",
        "--namespace",
        metavar="NAME",
        default="default",
        show_default=True,
        help="Namespace of objects that name none, as in a chart that is rendered without it.",
    ),
    in_sources(
        "--skip-invalid",
        "--lenient",
        "lenient",
        is_flag=True,
        help="Skip invalid policies, and say so in each answer.",
    ),
    in_sources(
        "--ignore-kind",
        "ignore_kinds",
        multiple=True,
        metavar="KIND",
        help="Skip objects of a kind that is not read, and say so in each answer. Repeatable.",
    ),
)
READING = (
    *ENTRIES,
    in_sources(
        "--no-cache",
        is_flag=True,
        expose_value=False,
        callback=_remember_no_cache,
        help="Do not use the cache.",
    ),
)
BY = click.option(
    "--by", type=choice(By), default=By.WORKLOAD.value, show_default=True, help="Granularity of endpoints."
)
NO_COLOR = in_output("--no-color", is_flag=True, help="Disable colour, as the variable NO_COLOR does.")
QUIET = in_output("-q", "--quiet", is_flag=True, help="No warnings and no progress.")
ALLOWING = (
    in_exit_code("--allow-vacuous", is_flag=True, help="A statement with nothing to check may pass."),
    in_exit_code(
        "--allow-no-policies",
        is_flag=True,
        help="Statements may pass although the input has no policy, or no object of a kind that they need.",
    ),
    in_exit_code(
        "--allow-skipped",
        is_flag=True,
        help="Statements may pass although a file was skipped that may hold policies.",
    ),
)
OTHERS = in_sources(
    "--snapshot",
    "others",
    multiple=True,
    metavar="NAME=SOURCE",
    help="Another snapshot, for `since snapshot NAME`: a file, a folder, - or REVISION:PATH. Repeatable.",
)


def _model(name: str, text: str, *, flag: str = "", **how: Any) -> Callable[[Command], Command]:
    """A model option by its name over HTTP and in Python: `podCidr` is `--pod-cidr` and REACHPROOF_POD_CIDR here."""
    words = re.sub("[A-Z]", lambda found: f"-{found[0].lower()}", name)
    variable = f"REACHPROOF_{words.replace('-', '_').upper()}"
    return in_model(flag or f"--{words}", name, envvar=variable, help=text, **how)


MODEL = (
    _model("tenantLabel", "Label of namespaces whose value names the tenant.  [default: tenant]", metavar="KEY"),
    _model(
        "cni",
        f"Implementation to assume where the specifications leave behaviour open: {', '.join(Cni)}. spec assumes none, "
        "auto takes the one that the input shows, and spec where it shows none.  [default: auto; the release that the "
        "input shows, else the newest]",
        type=Implementation(),
    ),
    _model(
        "channel",
        "Release channel of the network-policy-api CRDs in the cluster.  [default: that of the input's CRDs, else "
        "experimental]",
        type=choice(Channel),
    ),
    _model(
        "podCidr",
        "Pod address ranges.  [default: those of the nodes, else the private ranges]",
        metavar="CIDR[,CIDR]",
    ),
    _model("serviceCidr", "Service address ranges.", metavar="CIDR[,CIDR]"),
    _model(
        "hostNetworkPods",
        "Host-network pods in NetworkPolicy: ignored, or treated as pods.  [default: ignored]",
        type=choice(HostNetworkPods),
    ),
    _model("cidrMatches", "What a CIDR in a policy can match.  [default: as the CNI has it]", type=choice(CidrMatches)),
    _model(
        "domains",
        "Addresses behind a domain name. Repeatable; in the variable REACHPROOF_DOMAINS separated by spaces.",
        flag="--domain",
        multiple=True,
        metavar="NAME=CIDR[,CIDR]",
    ),
    _model(
        "enforcement",
        "Kinds of policy that the network enforces: NetworkPolicy, or the admin kinds as well.  [default: np+admin]",
        type=choice(Enforcement),
    ),
    _model("withStaged", "Answer as if Calico's staged policies were enforced.", is_flag=True, default=None),
    _model(
        "strict",
        "Refuse policies that API servers store but implementations may not enforce.",
        is_flag=True,
        default=None,
    ),
    _model(
        "trustDomain",
        "Trust domain of the Istio mesh, and its aliases.  [default: cluster.local, and no other is read]",
        metavar="DOMAIN[,ALIAS]",
    ),
    _model(
        "rootNamespace",
        "Root namespace of the Istio mesh, whose policies apply to all of it.  [default: istio-system]",
        metavar="NAMESPACE",
    ),
    _model(
        "ambientPort",
        "Port that the network sees between ambient pods: that of HBONE, or the pod's own (original).  [default: as "
        "ztunnel in the input, else 15008]",
        type=choice(AmbientPort),
    ),
)


def with_options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """A decorator that adds the options, so that help shows them in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def formats(text: str, names: Sequence[str], schema: str) -> Callable[[Command], Command]:
    """The option `--output`; the first of the formats is the default. `schema`: the published one of the JSON."""
    told = f"{text} `reachproof schema {schema}` describes the JSON."
    return in_output("-o", "--output", type=choice(names), default=names[0], show_default=True, help=told)


_SECONDS = click.FloatRange(0, _A_DAY, min_open=True)


def time_limit_each(text: str) -> Callable[[Command], Command]:
    """The option `--timeout` of each question, seconds, more than 0 and a day at most, as the parameter `budget`."""

    def budget(_context: click.Context, _parameter: click.Parameter, value: float | None) -> Budget:
        return Budget() if value is None else Budget(seconds=_seconds(value))

    return in_limits("--timeout", "budget", type=_SECONDS, metavar="SECONDS", callback=budget, help=text)


def limits(unlimited: str) -> Callable[[Command], Command]:
    """The options `--timeout` of the whole command, as the parameter `budget`, and `--memory`, for `watched`.

    `unlimited`: what 30 seconds are for without the first.
    """

    def budget(context: click.Context, _parameter: click.Parameter, value: float | None) -> Budget:
        if value is None:
            return Budget()
        return Budget(seconds=_seconds(value), until=context.meta[STARTED] + value)

    timeout = f"Time limit from reading to the answer; after it the verdict is unknown.  [default: 30 {unlimited}]"
    memory = (
        "Memory limit; beyond it the verdict is unknown.  [default: half of the machine, or of the container's limit]"
    )
    return with_options(
        in_limits("--timeout", "budget", type=_SECONDS, metavar="SECONDS", callback=budget, help=timeout),
        in_limits(
            "--memory",
            type=click.IntRange(min=_LEAST_MEGABYTES),
            metavar="MEGABYTES",
            expose_value=False,
            callback=_remember_memory,
            help=memory,
        ),
    )


def _seconds(value: float) -> float:
    """The seconds; a usage error for `nan`, which no range of click leaves out."""
    if math.isnan(value):
        raise click.BadParameter("nan is not a number of seconds.")
    return value


def _remember_memory(context: click.Context, _parameter: click.Parameter, value: int | None) -> None:
    context.meta[MEMORY] = process_memory.available() // 2 if value is None else value * process_memory.MEGABYTE


def domain_map(entries: Sequence[str]) -> dict[str, str] | None:
    """`NAME=CIDR,CIDR` entries as a map, those of one name together; a usage error where one has another form."""
    found: dict[str, str] = {}
    for entry in entries:
        name, separator, cidrs = entry.partition("=")
        if not (name and separator):
            raise click.BadParameter(f"{entry!r} is not of the form NAME=CIDR[,CIDR]", param_hint="'--domain'")
        found[name] = f"{found[name]},{cidrs}" if name in found else cidrs
    return found or None
