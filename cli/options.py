"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

from reachproof.network.options import AmbientPort, Channel, CidrMatches, Cni, Enforcement, HostNetworkPods

NO_CACHE = f"{__name__}.no_cache"
"""In `click.Context.meta`: whether `--no-cache` was given."""
ALLOW_NO_POLICIES = "Statements may pass although the input has no policy, or no object of a kind that they need."
_A_DAY = 86_400
Command = TypeVar("Command", bound=Callable[..., Any])


def choice(values: Iterable[str]) -> click.Choice[str]:
    """A choice of these words; of an enumeration click would offer the names of its members in Python."""
    return click.Choice([str(value) for value in values])


def source(otherwise: str) -> Callable[[Command], Command]:
    """The option `--from`; `otherwise` says what is read without it."""
    return click.option(
        "-f",
        "--from",
        "sources",
        multiple=True,
        metavar="SOURCE",
        help="Source: a file, a folder (all .yaml, .yml and .json files below it), or - for standard input. "
        f"Repeatable.  [default: {otherwise}]",
    )


def _remember_no_cache(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    """Kept with the context, so that commands need not hand it on to the reading."""
    context.meta[NO_CACHE] = value


ENTRIES = (
    click.option(
        "--skip-invalid",
        "--lenient",
        "lenient",
        is_flag=True,
        help="Skip invalid policies, and say so in each answer.",
    ),
    click.option(
        "--ignore-kind",
        "ignore_kinds",
        multiple=True,
        metavar="KIND",
        help="Skip policies of an unsupported kind, and say so in each answer. Repeatable.",
    ),
)
READING = (
    *ENTRIES,
    click.option(
        "--no-cache",
        is_flag=True,
        expose_value=False,
        callback=_remember_no_cache,
        help="Do not use the cache.",
    ),
)
OTHERS = click.option(
    "--snapshot",
    "others",
    multiple=True,
    metavar="NAME=SOURCE",
    help="Another snapshot, for `since snapshot NAME`: a file, a folder, - or REVISION:PATH. Repeatable.",
)
MODEL = (
    click.option(
        "--tenant-label",
        "tenantLabel",
        envvar="REACHPROOF_TENANT_LABEL",
        show_envvar=True,
        metavar="KEY",
        help="Label of namespaces whose value names the tenant.  [default: tenant]",
    ),
    click.option(
        "--cni",
        envvar="REACHPROOF_CNI",
        show_envvar=True,
        type=choice(Cni),
        help=(
            "Implementation to assume where the specifications leave behaviour open; spec assumes none, "
            "auto detects it from the input.  [default: spec]"
        ),
    ),
    click.option(
        "--channel",
        envvar="REACHPROOF_CHANNEL",
        show_envvar=True,
        type=choice(Channel),
        help=(
            "Release channel of the network-policy-api CRDs in the cluster.  [default: that of the "
            "input's CRDs, else experimental]"
        ),
    ),
    click.option(
        "--pod-cidr",
        "podCidr",
        envvar="REACHPROOF_POD_CIDR",
        show_envvar=True,
        metavar="CIDR[,CIDR]",
        help="Pod address ranges.  [default: those of the nodes, else the private ranges]",
    ),
    click.option(
        "--service-cidr",
        "serviceCidr",
        envvar="REACHPROOF_SERVICE_CIDR",
        show_envvar=True,
        metavar="CIDR[,CIDR]",
        help="Service address ranges.",
    ),
    click.option(
        "--host-network-pods",
        "hostNetworkPods",
        envvar="REACHPROOF_HOST_NETWORK_PODS",
        show_envvar=True,
        type=choice(HostNetworkPods),
        help="Host-network pods in NetworkPolicy: ignored, or treated as pods.  [default: ignored]",
    ),
    click.option(
        "--cidr-matches",
        "cidrMatches",
        envvar="REACHPROOF_CIDR_MATCHES",
        show_envvar=True,
        type=choice(CidrMatches),
        help="What a CIDR in a policy can match.  [default: as the CNI has it]",
    ),
    click.option(
        "--domain",
        "domains",
        envvar="REACHPROOF_DOMAINS",
        show_envvar=True,
        multiple=True,
        metavar="NAME=CIDR[,CIDR]",
        help="Addresses behind a domain name. Repeatable; separated by spaces in the variable.",
    ),
    click.option(
        "--enforcement",
        envvar="REACHPROOF_ENFORCEMENT",
        show_envvar=True,
        type=choice(Enforcement),
        help="Kinds of policy that the network enforces: NetworkPolicy, or the admin kinds as well.  "
        "[default: np+admin]",
    ),
    click.option(
        "--with-staged",
        "withStaged",
        envvar="REACHPROOF_WITH_STAGED",
        show_envvar=True,
        is_flag=True,
        default=None,
        help="Answer as if Calico's staged policies were enforced.",
    ),
    click.option(
        "--strict",
        envvar="REACHPROOF_STRICT",
        show_envvar=True,
        is_flag=True,
        default=None,
        help="Refuse policies that API servers store but implementations may not enforce.",
    ),
    click.option(
        "--trust-domain",
        "trustDomain",
        envvar="REACHPROOF_TRUST_DOMAIN",
        show_envvar=True,
        metavar="DOMAIN[,ALIAS]",
        help="Trust domain of the Istio mesh, and its aliases.  [default: cluster.local, and no other is read]",
    ),
    click.option(
        "--root-namespace",
        "rootNamespace",
        envvar="REACHPROOF_ROOT_NAMESPACE",
        show_envvar=True,
        metavar="NAMESPACE",
        help="Root namespace of the Istio mesh, whose policies apply to all of it.  [default: istio-system]",
    ),
    click.option(
        "--ambient-port",
        "ambientPort",
        envvar="REACHPROOF_AMBIENT_PORT",
        show_envvar=True,
        type=choice(AmbientPort),
        help="Port that the network sees between ambient pods: that of HBONE, or the pod's own (original).  "
        "[default: as ztunnel in the input, else 15008]",
    ),
)


def with_options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """A decorator that adds the options, so that help shows them in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def time_limit(text: str) -> Callable[[Command], Command]:
    """The option `--timeout`: seconds, more than 0 and a day at most."""
    seconds = click.FloatRange(0, _A_DAY, min_open=True)
    return click.option("--timeout", type=seconds, metavar="SECONDS", callback=_not_nan, help=text)


def _not_nan(_context: click.Context, _parameter: click.Parameter, value: float | None) -> float | None:
    """The number; a usage error for `nan`, which no range of click leaves out."""
    if value is not None and math.isnan(value):
        raise click.BadParameter("nan is not a number of seconds.")
    return value


def domain_map(entries: Sequence[str]) -> dict[str, str] | None:
    """`NAME=CIDR,CIDR` entries as a map, those of one name together; a usage error where one has another form."""
    found: dict[str, str] = {}
    for entry in entries:
        name, separator, cidrs = entry.partition("=")
        if not (name and separator):
            raise click.BadParameter(f"{entry!r} is not of the form NAME=CIDR[,CIDR]", param_hint="'--domain'")
        found[name] = f"{found[name]},{cidrs}" if name in found else cidrs
    return found or None
