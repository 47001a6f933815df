"""Model options by the names that the command line, the service and the settings share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from reachproof.network.address import parse_cidr
from reachproof.network.errors import InputError, Problem
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.options import AmbientPort, Channel, CidrMatches, Cni, Enforcement, HostNetworkPods, Options

FILE = "options"
DEFAULTS = Options(cni=Cni.AUTO, cni_given=False)
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_RELEASE = re.compile(r"v?[0-9]{1,4}(\.[0-9]{1,4}){1,2}")
_TRUST_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9._]*[a-z0-9])?")
Choice = TypeVar("Choice", bound=StrEnum)


def model_options(values: Mapping[str, object]) -> Options:
    """The options with these names and values; a value of None is not given. InputError with everything wrong.

    Names: tenantLabel, cni (with a release as in `NAME@1.18`), channel, podCidr and serviceCidr (a CIDR, several with
    commas, or a list), hostNetworkPods, cidrMatches, domains (name to CIDRs), enforcement, withStaged and strict (true
    or false), trustDomain (as CIDRs are given), rootNamespace, ambientPort.
    """
    reader = _Reader(values)
    matches = reader.choice("cidrMatches", CidrMatches)
    cni, release = reader.implementation("cni")
    options = Options(
        tenant_label=reader.text("tenantLabel", DEFAULTS.tenant_label),
        cni=cni or DEFAULTS.cni,
        cni_given=cni is not None,
        release=release,
        channel=reader.choice("channel", Channel),
        pod_range=reader.cidrs("podCidr"),
        service_range=reader.cidrs("serviceCidr"),
        host_network_pods=reader.choice("hostNetworkPods", HostNetworkPods) or DEFAULTS.host_network_pods,
        cidr_matches=matches,
        domains=reader.domains("domains"),
        enforcement=reader.choice("enforcement", Enforcement) or DEFAULTS.enforcement,
        with_staged=reader.flag("withStaged"),
        strict=reader.flag("strict"),
        trust_domains=reader.names("trustDomain", "a trust domain such as cluster.local", _TRUST_DOMAIN),
        root_namespace=reader.name("rootNamespace", "a name of a namespace", _NAMESPACE) or DEFAULTS.root_namespace,
        ambient_port=reader.choice("ambientPort", AmbientPort),
    )
    reader.finish()
    return options


class _Reader:
    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values
        self._known: list[str] = []
        self._problems: list[Problem] = []

    def text(self, name: str, default: str) -> str:
        value = self._value(name)
        if value is None:
            return default
        if isinstance(value, str) and value:
            return value
        self._problem(name, f"must be a label key (got {value!r})")
        return default

    def name(self, name: str, expected: str, form: re.Pattern[str]) -> str:
        """The one name of this form; empty where it is not given."""
        given = self.names(name, expected, form)
        if len(given) > 1:
            self._problem(name, f"{', '.join(given)} are several; give one name")
        return given[0] if given else ""

    def names(self, name: str, expected: str, form: re.Pattern[str]) -> tuple[str, ...]:
        """Names of this form, as a list or with commas between; empty where none is given."""
        value = self._value(name)
        if value is None:
            return ()
        texts: Sequence[object] = (
            value.split(",") if isinstance(value, str) else value if isinstance(value, (list, tuple)) else (value,)
        )
        found = tuple(text.strip() if isinstance(text, str) else text for text in texts)
        for text in found or ("",):
            if not isinstance(text, str) or not form.fullmatch(text):
                self._problem(name, f"{text!r} is not {expected}")
        return tuple(text for text in found if isinstance(text, str))

    def flag(self, name: str) -> bool:
        value = self._value(name)
        if value is not None and not isinstance(value, bool):
            self._problem(name, f"must be true or false (got {value!r})")
        return value is True

    def implementation(self, name: str) -> tuple[Cni | None, str]:
        """An implementation, and the release behind an `@`, empty where none is given."""
        value = self._value(name)
        text, at, release = value.partition("@") if isinstance(value, str) else (value, "", "")
        found = self._chosen(name, text, Cni)
        if at and found in (Cni.SPEC, Cni.AUTO):
            self._problem(name, f"{found} has no releases; leave @{release} out")
        elif at and not _RELEASE.fullmatch(release):
            self._problem(name, f"must be a release such as {found or name}@1.20 (got {value!r})")
        return found, release

    def choice(self, name: str, choices: type[Choice]) -> Choice | None:
        return self._chosen(name, self._value(name), choices)

    def _chosen(self, name: str, value: object, choices: type[Choice]) -> Choice | None:
        known = [str(each) for each in choices]
        value = str(value) if isinstance(value, int) and str(value) in known else value
        if value is None or value in known:
            return choices(value) if value is not None else None
        near = get_close_matches(str(value), known, n=1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        self._problem(name, f"must be one of {', '.join(known)} (got {value!r}){hint}")
        return None

    def cidrs(self, name: str) -> IntervalSet:
        value = self._value(name)
        return EMPTY if value is None else self._cidrs(name, value)

    def domains(self, name: str) -> dict[str, IntervalSet]:
        value = self._value(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self._problem(name, f"must be a map of domain names to CIDRs (got {value!r})")
            return {}
        return {str(domain): self._cidrs(f"{name}.{domain}", cidrs) for domain, cidrs in sorted(value.items())}

    def finish(self) -> None:
        for name in self._values:
            if name not in self._known:
                near = get_close_matches(name, self._known, n=1)
                hint = (
                    f"; did you mean `{near[0]}`?"
                    if near
                    else (f"; known options are {', '.join(sorted(self._known))}")
                )
                self._problem(name, f"unknown option{hint}")
        if self._problems:
            raise InputError(self._problems)

    def _cidrs(self, name: str, value: object) -> IntervalSet:
        texts: Sequence[object] = (
            value.split(",") if isinstance(value, str) else value if isinstance(value, (list, tuple)) else ()
        )
        if not texts:
            self._problem(name, f"must be a CIDR or a list of CIDRs (got {value!r})")
        found = EMPTY
        for text in texts:
            cidr = self._parsed(name, text)
            found = found | cidr
        return found

    def _parsed(self, name: str, text: object) -> IntervalSet:
        try:
            return parse_cidr(str(text).strip())
        except ValueError:
            self._problem(name, f"must be a CIDR such as 10.244.0.0/16 (got {text!r})")
            return EMPTY

    def _value(self, name: str) -> object:
        self._known.append(name)
        return self._values.get(name)

    def _problem(self, name: str, message: str) -> None:
        self._problems.append(Problem(file=FILE, path=name, message=message))
