"""The sentences of plain speech: a pattern of words, and the exact sentence that it stands for.

| Slot | Takes |
|---|---|
| `{a}`, `{b}`, `{c}`, `{s}` | a set, with its quantifier or without; `{b}` on the ports of `{on}` or `{p}` |
| `{o}` | the same as `{b}`, but not `anything`: whether the outside itself is open is not the question |
| `{a!}` | a set without quantifier, as after `no`; `{d}` is no list, of which `or` could mean one or each |
| `{every}` | a set with `every` |
| `{f}` | a set with `every` or without quantifier, of which all is meant; no list |
| `{a+}` | the same, or a list with `and` |
| `{nobody}` | `nothing`, `nobody in prod`, `nothing but frontend`: the set that is denied |
| `{to}` | a set with its ports; `{on-ports}` if it has some |
| `{targets}` | several such, one after the other |
| `{g}`, `{h}` | two namespaces, or two tenants; `{i}`, `{j}` other sets that have nothing in common |
| `{x}`, `{e}` | exceptions; the second kind has `from`, `to` or `on` |
| `{noun}`, `{group}`, `{pods}`, `{w}` | what is listed, what by, and pods of which some are listed |
| `{scope}`, `{dir}`, `{policy}` | what a default deny is for, in which direction; a policy, with that word or without |

A pattern whose sentence has exceptions may be followed by them, and one with `{b}` by ports.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """A pattern in the notation of `grammar.plain.patterns`, and its exact sentence. `claim`: not as a question."""

    pattern: str
    exact: str
    claim: bool = False


_CAN = "can {a} reach {to}{x}?"
_CAN_O = "can {a} reach {o}{x}?"
_CAN_B = "can {a} reach {b}{x}?"
_NO = "no {a!} can reach {to}{x}"
_NO_B = "no {a!} can reach {b}{x}"
_NO_D = "no {d} can reach {to}{x}"
_NO_DB = "no {d} can reach {b}{x}"
_ONLY = "only {a+} can reach {to}{e}"
_ONLY_B = "only {a+} can reach {b}{e}"
_WHY = "why can {a} reach {to}?"
_WHY_B = "why can {a} reach {b}?"
_WHY_NOT = "why can't {a} reach {to}?"
_WHY_NOT_B = "why can't {a} reach {b}?"
_SOURCES = "which {noun} can reach {to}{x}?"
_DESTINATIONS = "which {noun} can {a} reach{on}{x}?"
_PODS_TO = "which pods can reach {to}{x}?"
_PODS_FROM = "which pods can {a} reach{on}{x}?"
_PORTS = "on which ports can {a} reach {b}?"

_QUESTIONS = (
    Form("<can> {a} <reach> {to}", _CAN),
    Form("can <traffic> from {a} (reach|get to|flow to|go to) {to}", _CAN),
    Form("can <traffic> (flow|pass|go) from {a} to {to}", _CAN),
    Form("<is> {a} (able|allowed|permitted) to <reach> {to}", _CAN),
    Form("<does> {a} <reach> {to}", _CAN),
    Form("(will|would) {a} be able to <reach> {to}", _CAN),
    Form("(<does> {a} have|<has> {a}) <access> to {to}", _CAN),
    Form("(<does> {a} have|<has> {a}) <internet-access>", "can {a} reach the internet?"),
    Form("<is> <traffic> from {a} to {to} [being] (<allowed>|<blocked>)", _CAN),
    Form("<is> <traffic> to {b} from {a} [{on}] [being] (<allowed>|<blocked>)", _CAN_B),
    Form("<is> {a} [being] (prevented|stopped|denied) from <reaching> {to}", _CAN),
    Form("<is> {a} [being] blocked from [<reaching>] {to}", _CAN),
    Form("<is> {a} denied access to {to}", _CAN),
    Form("is it possible for {a} to <reach> {to}", _CAN),
    Form("is there [a|any] (path|route|connectivity|connection|access) from {a} to {to}", _CAN),
    Form("(is|are) there {a} <that> can <reach> {to}", _CAN),
    Form("<whether> {a} <may> <reach> {to}", _CAN),
    Form("<is> {o} (<reachable>|<unreachable>|open|available|not exposed) (from|by|to|for) {a}", _CAN_O),
    Form("<is> {o} exposed to {a}", _CAN_O),
    Form(
        "<is> {o} (exposed|<reachable> externally|externally <reachable>)",
        "can outside the cluster reach {o}{x}?",
    ),
    Form("<is> {o} (publicly <reachable>|<reachable> publicly)", "can the internet reach {o}{x}?"),
    Form("can {b} be <reached> <by> {a}", _CAN_B),
    Form("can {b} (receive|accept|get) [any] (traffic|connections|requests) from {a}", _CAN_B),
    Form("<does> {b} (receive|accept|get) [any] (traffic|connections|requests) from {a}", _CAN_B),
    Form("is {p} open from {a} to {b}", "can {a} reach {b}{x}?"),
    Form("is {p} on {b} (open|reachable|accessible|exposed) (to|from|for) {a}", "can {a} reach {b}{x}?"),
    Form("can {a} resolve <names>", "can {a} reach {dns}?"),
    Form("does dns [resolution] work (for|from|in) {a}", "can {a} reach {dns}?"),
    Form("can {a} ssh (to|into) {b}", "can {a} reach {b} on tcp/22{x}?"),
)

_CLAIMS = (
    Form("no {a!} (<may>|should ever) <reach> {to}", _NO),
    Form("no {a!} (has|have|gets|should have|may have|must have) <access> to {to}", _NO),
    Form("no {a!} (has|have|should have|may have|must have) <internet-access>", "no {a!} can reach the internet{x}"),
    Form("{nobody} (<may>|should ever) <reach> {to}", "no {nobody} can reach {to}{x}"),
    Form("{nobody} (has|should have|may have|must have) <access> to {to}", "no {nobody} can reach {to}{x}"),
    Form("none of {a!} (<may>|should ever) <reach> {to}", _NO),
    Form("neither {a!} nor {c} <may> <reach> {to}", "no {a!} or {c} can reach {to}{x}"),
    Form("{d} <may-not> <reach> {to}", _NO_D),
    Form("{d} (<does> not|should not|must not|may not|can not) have <access> to {to}", _NO_D),
    Form("{d} (has|have|should have|must have) no <access> to {to}", _NO_D),
    Form("{d} (<does> not|should not|must not) have <internet-access>", "no {d} can reach the internet{x}"),
    Form("<traffic> from {d} to {to} (is|are|must be|should be) <blocked>", _NO_D),
    Form("<traffic> from {d} to {to} (must|should) not be <allowed>", _NO_D),
    Form("no <traffic> from {a!} to {to} (is|are|should be|must be) <allowed>", _NO),
    Form("{d} (is|are|must be|should be) (prevented|stopped|denied) from <reaching> {to}", _NO_D),
    Form("{d} (is|are|must be|should be) blocked from [<reaching>] {to}", _NO_D),
    Form("{b} (is|are) <unreachable> (from|by|to|for) {d}", _NO_DB),
    Form("{b} (must|should|can|may) not be (<reachable>|<reached>) (from|by) {d}", _NO_DB),
    Form("{b} (is|are|must be|should be) not exposed to {d}", _NO_DB),
    Form("{b} (must|should) not be exposed to {d}", _NO_DB),
    Form("{every} <may> <reach> {to}", "{every} can reach {to}{x}"),
    Form("{d} <may> <reach> {on-ports}", "every {d} can reach {on-ports}{x}", claim=True),
    Form("(only|just) {a+} (<may>|should ever) <reach> {to}", _ONLY),
    Form("(only|just) {a+} (has|have|should have|may have|must have) <access> to {to}", _ONLY),
    Form("can only {a+} <reach> {to}", _ONLY),
    Form("(is|are) only {a+} (able|allowed|permitted) to <reach> {to}", _ONLY),
    Form("(does|do) only {a+} have <access> to {to}", _ONLY),
    Form("(is|are) {a+} the only (one|ones|thing|things|pod|pods|workload|workloads) <that> can <reach> {to}", _ONLY),
    Form("{a+} (is|are) the only (one|ones|thing|things|pod|pods|workload|workloads) <that> can <reach> {to}", _ONLY),
    Form("{b} (can|may|should|must) only be (<reached>|<reachable>) <by> {a+}", _ONLY_B),
    Form("{b} (is|are|should be|must be) only <reachable> <by> {a+}", _ONLY_B),
    Form("(is|are) {b} only <reachable> <by> {a+}", _ONLY_B),
    Form("can {b} only be (<reached>|<reachable>) <by> {a+}", _ONLY_B),
    Form("{f} (can|may|should|must) only (<reach>|be able to <reach>) {targets}", "{f} can reach only {targets}{e}"),
    Form("{f} (can|may|should|must) (<reach>|be able to <reach>) only {targets}", "{f} can reach only {targets}{e}"),
    Form("can {f} only <reach> {targets}", "{f} can reach only {targets}{e}"),
)

_REASONS = (
    Form("why can not {a} <reach> {to}", _WHY_NOT),
    Form("why can {a} not <reach> {to}", _WHY_NOT),
    Form("why (is|are) {a} (not (able|allowed|permitted)|unable) to <reach> {to}", _WHY_NOT),
    Form("why (is|are) not {a} (able|allowed|permitted) to <reach> {to}", _WHY_NOT),
    Form("why (is|are) {a} [being] (prevented|stopped|denied) from <reaching> {to}", _WHY_NOT),
    Form("why (is|are) {a} [being] blocked from [<reaching>] {to}", _WHY_NOT),
    Form("why (is|are) {a} denied <access> to {to}", _WHY_NOT),
    Form("why (does|do) {a} (not have|have no) <access> to {to}", _WHY_NOT),
    Form("why (does|do) not {a} have <access> to {to}", _WHY_NOT),
    Form("why (does|do) {a} (not have|have no) <internet-access>", "why can't {a} reach the internet?"),
    Form("why (is|are) <traffic> from {a} to {to} [being] <blocked>", _WHY_NOT),
    Form("why (is|are) <traffic> to {b} from {a} [{on}] [being] <blocked>", _WHY_NOT_B),
    Form("why (is|are) {b} <unreachable> (from|by|to|for) {a}", _WHY_NOT_B),
    Form("why (is|are) not {b} <reachable> (from|by|to|for) {a}", _WHY_NOT_B),
    Form("why can not {b} be <reached> <by> {a}", _WHY_NOT_B),
    Form("why can {b} not be <reached> <by> {a}", _WHY_NOT_B),
    Form("<which> [(<policy>|rules|rule)] <blocks> {a} from <reaching> {to}", _WHY_NOT),
    Form("<which> [(<policy>|rules|rule)] (blocks|block|is blocking|are blocking) {a} from {to}", _WHY_NOT),
    Form("<which> [(<policy>|rules|rule)] <blocks> <traffic> from {a} to {to}", _WHY_NOT),
    Form("why can not {a} resolve <names>", "why can't {a} reach {dns}?"),
    Form("why can {a} not resolve <names>", "why can't {a} reach {dns}?"),
    Form("why can {a} <reach> {to}", _WHY),
    Form("why (is|are) {a} (able|allowed|permitted) to <reach> {to}", _WHY),
    Form("why (does|do) {a} have <access> to {to}", _WHY),
    Form("why (does|do) {a} have <internet-access>", "why can {a} reach the internet?"),
    Form("why (is|are) <traffic> from {a} to {to} <allowed>", _WHY),
    Form("why (is|are) {b} (<reachable>|exposed) (from|by|to) {a}", _WHY_B),
    Form("<which> [(<policy>|rules|rule)] (allows|allow|lets|let) {a} [to] <reach> {to}", _WHY),
    Form("<which> [(<policy>|rules|rule)] (allows|allow) <traffic> from {a} to {to}", _WHY),
)

_LISTS = (
    Form("(who|<which>) (can|could|may|(is|are) (able|allowed|permitted) to) <reach> {to}", _PODS_TO),
    Form("(who|<which>) (has|have) <access> to {to}", _PODS_TO),
    Form("(who|<which>) (has|have) <internet-access>", "which pods can reach the internet{x}?"),
    Form("<show> [all|all the|the] (everything|anything|what|who) [<that>] can <reach> {to}", _PODS_TO),
    Form("[all|all the|the] (everything|anything) <that> can <reach> {to}", _PODS_TO),
    Form("<which> {noun} (can|could|may|(is|are) (able|allowed|permitted) to) <reach> {to}", _SOURCES),
    Form("<which> {noun} (has|have) <access> to {to}", _SOURCES),
    Form("<which> {noun} (has|have) <internet-access>", "which {noun} can reach the internet{x}?"),
    Form("<which> {w} can <reach> {to}", "which pods can reach {to} except from pods except {w}?"),
    Form("<show> [all|all the|the|every] {noun} (<that> can|able to|allowed to) <reach> {to}", _SOURCES),
    Form("<show> [all|all the|the|every] {noun} (with|<that> (has|have)) <access> to {to}", _SOURCES),
    Form("(who|<which>|where) (can|could|may) {a} (<reach>|go to) [{on}]", _PODS_FROM),
    Form("where (can|could|may) {a} (go|connect|send traffic) [{on}]", _PODS_FROM),
    Form("(who|<which>) (is|are) {a} (able|allowed|permitted) to <reach> [{on}]", _PODS_FROM),
    Form("(who|<which>) (does|do) {a} have <access> to [{on}]", _PODS_FROM),
    Form("<show> [all|all the|the] (everything|what|who) [that] {a} can <reach> [{on}]", _PODS_FROM),
    Form("<which> {noun} (can|could|may) {a} <reach> [{on}]", _DESTINATIONS),
    Form("<which> {noun} (is|are) {a} (able|allowed|permitted) to <reach> [{on}]", _DESTINATIONS),
    Form("<which> {noun} (does|do) {a} have <access> to [{on}]", _DESTINATIONS),
    Form("<show> [all|all the|the|every] {noun} [that] {a} can <reach> [{on}]", _DESTINATIONS),
    Form("<which> {noun} (is|are) (<reachable>|exposed) (from|by|to) {a} [{on}]", _DESTINATIONS),
    Form("<which> {noun} can be <reached> <by> {a} [{on}]", _DESTINATIONS),
    Form("<which> (is|are) (<reachable>|exposed) (from|by|to) {a} [{on}]", _PODS_FROM),
    Form("<which> can be <reached> <by> {a} [{on}]", _PODS_FROM),
    Form("[on|over] <which> <ports> can {a} (<reach>|(use|connect on) to <reach>) {b}", _PORTS),
    Form("<which> <ports> (of|on) {b} can {a} <uses>", _PORTS),
    Form("<which> <ports> can {a} (reach|access|use) on {b}", _PORTS),
    Form("<which> <ports> (is|are) {a} (able|allowed|permitted) to (reach|access|use) on {b}", _PORTS),
    Form("<which> <ports> (is|are) open from {a} to {b}", _PORTS),
    Form("<which> <ports> (of|on) {b} (is|are) (open|exposed|reachable|accessible) (to|from|for) {a}", _PORTS),
    Form(
        "<show> [the] (reachability|connectivity|connections) between {group} [{on}]",
        "show reachability between {group}{on}",
    ),
    Form("<which> {group} can <reach> <each-other> [{on}]", "show reachability between {group}{on}"),
)

_ISOLATION = (
    Form(
        "[is|are] [all|the|all the] tenants [is|are|must be|should be] [fully] isolated [from <each-other>]",
        "all tenants are isolated{e}",
    ),
    Form(
        "[is|are] [all|the|all the] namespaces [is|are|must be|should be] [fully] isolated [from <each-other>]",
        "all namespaces are isolated{e}",
    ),
    Form("(is|are) {g} and {h} [fully] isolated from <each-other>", "{g} is isolated from {h}{e}"),
    Form("(is|are) {g} [fully] isolated from {h}", "{g} is isolated from {h}{e}"),
    Form("{g} (is|are|must be|should be) [fully] isolated from {h}", "{g} is isolated from {h}{e}"),
    Form("(is|are) {i} and {j} [fully] isolated from <each-other>", "{i/j}"),
    Form("(is|are) {i} [fully] isolated from {j}", "{i/j}"),
    Form("{i} (is|are|must be|should be) [fully] isolated from {j}", "{i/j}"),
)

_DENY = "network policies enforce default deny{dir} for {scope}{e}"
_DEFAULT_DENY = (
    Form("(does|do|has|have) {scope} [have] [a|an|any] [{dir}] <default-deny> [<policy>|rule|rules] [{dir}]", _DENY),
    Form("{scope} (has|have|must have|should have) [a|an] [{dir}] <default-deny> [<policy>|rule|rules] [{dir}]", _DENY),
    Form("is there [a|an|any] [{dir}] <default-deny> [<policy>|rule] [{dir}] (in|for|on) {scope} [{dir}]", _DENY),
    Form(
        "is [there] [a] <default-deny> [{dir}] (enforced|enabled|in place|set|active) (in|for|on) {scope} [{dir}]",
        _DENY,
    ),
)

_UNSELECTED = "which {group} are selected by no network policy{dir}?"
_UNCOVERED = "which {pods} are selected by no network policy{dir}?"
_POLICIES = (
    Form("<which> <policy> (decide|decides) [about] {a} to {to}", "which policies decide {a} to {to}?"),
    Form("<which> <policy> (apply|applies) to {s}", "which policies select {s}?"),
    Form(
        "<which> <policy> (select|selects|affect|affects|cover|covers|target|targets) {s}", "which policies select {s}?"
    ),
    Form(
        "<show> [all|the|all the] <policy> [that] (apply to|applying to|selecting|select|affecting|affect|for) {s}",
        "which policies select {s}?",
    ),
    Form("[<show>] [all] [<which>] {group} (have no|without [any|a]|with no) <policy> [{dir}]", _UNSELECTED),
    Form("<which> {group} do not have [any|a] <policy> [{dir}]", _UNSELECTED),
    Form("[<show>] [all] [<which>] {pods} [is|are] not (covered|selected) by (a|any) <policy> [{dir}]", _UNCOVERED),
    Form("[<show>] [all] [<which>] {pods} (is|are) (covered|selected) by no <policy> [{dir}]", _UNCOVERED),
    Form("<which> {pods} (is|are) not covered [{dir}]", _UNCOVERED),
    Form("what (does|do) {policy} (allow|permit|let through)", "what does {policy} allow?"),
    Form("what is allowed by {policy}", "what does {policy} allow?"),
    Form("(is|are) {s*} selected by (a|any) <policy> [{dir}]", "{s*} is selected by a network policy{dir}"),
)

_CHANGED = "without {policy}: what changed since snapshot now?"
_UNCHANGED = "without {policy}: nothing changed since snapshot now"
_CHANGES = (
    Form("what (changes|happens|would change|would happen) <if-removed> {policy}", _CHANGED),
    Form("<if-removed> {policy} [,] what (changes|happens)", _CHANGED),
    Form("does anything change <if-removed> {policy}", _UNCHANGED),
    Form("nothing changes <if-removed> {policy}", _UNCHANGED),
)

FORMS = (*_QUESTIONS, *_CLAIMS, *_REASONS, *_LISTS, *_ISOLATION, *_DEFAULT_DENY, *_POLICIES, *_CHANGES)
"""All of them. Every form that fits counts, whatever its place."""
