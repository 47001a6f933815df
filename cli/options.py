"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from reachproof.network.options import Channel, CidrMatches, Cni, Enforcement, HostNetworkPods

Command = TypeVar("Command", bound=Callable[..., Any])


def _env(name: str) -> str:
    return f"REACHPROOF_{name}"


SOURCES = (
    click.option(
        "-f",
        "--from",
        "sources",
        multiple=True,
        metavar="SOURCE",
        help="File, folder (all .yaml, .yml and .json below it), or - for standard input. Repeatable.  "
        "[default: the current folder]",
    ),
    click.option("--lenient", is_flag=True, help="Go on without policies that are not valid; answers say so."),
    click.option(
        "--ignore-kind", "ignore_kinds", multiple=True, metavar="KIND", help="Go on without policies of KIND."
    ),
)
MODEL = (
    click.option(
        "--tenant-label",
        "tenantLabel",
        envvar=_env("TENANT_LABEL"),
        metavar="KEY",
        help="Label of namespaces whose value is the tenant.  [default: tenant]",
    ),
    click.option("--cni", envvar=_env("CNI"), type=click.Choice(list(Cni)), help="Whose reading of what is undefined."),
    click.option("--channel", envvar=_env("CHANNEL"), type=click.Choice(list(Channel)), help="Installed CRD channel."),
    click.option("--pod-cidr", "podCidr", envvar=_env("POD_CIDR"), metavar="CIDR[,CIDR]", help="Where pods live."),
    click.option(
        "--service-cidr", "serviceCidr", envvar=_env("SERVICE_CIDR"), metavar="CIDR[,CIDR]", help="Where Services live."
    ),
    click.option(
        "--host-network-pods",
        "hostNetworkPods",
        envvar=_env("HOST_NETWORK_PODS"),
        type=click.Choice(list(HostNetworkPods)),
        help="How NetworkPolicy sees host-network pods.",
    ),
    click.option(
        "--cidr-matches",
        "cidrMatches",
        envvar=_env("CIDR_MATCHES"),
        type=click.Choice(list(CidrMatches)),
        help="What a CIDR in a policy can match.",
    ),
    click.option(
        "--domain", "domains", multiple=True, metavar="NAME=CIDR[,CIDR]", help="Addresses behind a domain name."
    ),
    click.option(
        "--enforcement",
        envvar=_env("ENFORCEMENT"),
        type=click.Choice(list(Enforcement)),
        help="Which kinds of policy the network enforces.",
    ),
)


def with_options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """A decorator that adds the options, so that help shows them in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def domain_map(entries: Sequence[str]) -> dict[str, str] | None:
    """`NAME=CIDR,CIDR` entries as a map; a usage error where one has no `=`."""
    found: dict[str, str] = {}
    for entry in entries:
        name, separator, cidrs = entry.partition("=")
        if not separator:
            raise click.BadParameter(f"found {entry!r}, expected NAME=CIDR[,CIDR]", param_hint="--domain")
        found[name] = cidrs
    return found or None
