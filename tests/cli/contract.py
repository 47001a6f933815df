"""The shape of an answer that other programs rely on (docs/interfaces.md), as a JSON schema."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

TEXT: dict[str, Any] = {"type": "string"}
WORDS: dict[str, Any] = {"type": "string", "minLength": 1}
MAYBE: dict[str, Any] = {"type": ["string", "null"]}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


ACTION = {"enum": ["allow", "deny", "pass"]}
DIRECTION = {"enum": ["egress", "ingress"]}
POLICY = _object(kind=WORDS, namespace=TEXT, name=WORDS)
RULE_PLACE = _object(index={"type": "integer", "minimum": 0}, name=TEXT)
ORIGIN = _object(file=WORDS, line={"type": "integer", "minimum": 0}, path=TEXT)
NOTICE = _object(code={"type": "string", "pattern": "^[A-Z_]+$"}, text=WORDS)
WARNING = _object(code={"type": "string", "pattern": "^[A-Z_]+$"}, text=WORDS, origin=_or_null(ORIGIN))
END = _object(
    kind={"enum": ["pod", "node", "external", "service"]},
    namespace=MAYBE,
    name=MAYBE,
    workload=MAYBE,
    ip=MAYBE,
    tenant=MAYBE,
    labels={"type": "object", "additionalProperties": TEXT},
    possible={"type": "boolean"},
)
STEP = _object(
    direction=DIRECTION,
    subject=WORDS,
    tier={"enum": ["admin", "networkpolicy", "baseline", "default"]},
    action=ACTION,
    policy=_or_null(POLICY),
    rule=_or_null(RULE_PLACE),
    origin=_or_null(ORIGIN),
    text=WORDS,
)
RULE = _object(policy=POLICY, rule=_or_null(RULE_PLACE), direction=DIRECTION, action=ACTION, origin=ORIGIN, text=WORDS)
WITNESS = _object(
    source=END,
    destination=END,
    protocol={"enum": ["TCP", "UDP", "SCTP"]},
    port={"type": "integer", "minimum": 1, "maximum": 65535},
    trace={**_list(STEP), "minItems": 1},
    via=_or_null(_object(service=_object(kind={"const": "service"}, namespace=WORDS, name=WORDS))),
)
# Only where a question compares two snapshots.
WITNESS["properties"]["before"] = _object(
    since=WORDS,
    source=END,
    destination=END,
    protocol={"enum": ["TCP", "UDP", "SCTP"]},
    port={"type": "integer", "minimum": 1, "maximum": 65535},
    trace={**_list(STEP), "minItems": 1},
)
WITNESS["properties"]["lost"] = {"const": True}
EVIDENCE = _object(
    replayed={"type": "boolean"},
    crossChecked={"type": "boolean"},
    engine={"type": "string", "pattern": "^z3 "},
    solverMs={"type": "number", "minimum": 0},
    totalMs={"type": "number", "minimum": 0},
    snapshot={"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
)
EVIDENCE["properties"]["since"] = EVIDENCE["properties"]["snapshot"]
ANSWER = _object(
    apiVersion={"const": "reachproof/v1"},
    query=WORDS,
    normalized=WORDS,
    form=WORDS,
    verdict={"enum": ["reachable", "unreachable", "holds", "violated", "listed", "explained", "unknown"]},
    reason=TEXT,
    vacuous={"type": "boolean"},
    world={"enum": ["closed", "open"]},
    witness=_or_null(WITNESS),
    because=_list(RULE),
    assumptions=_list(NOTICE),
    warnings=_list(WARNING),
    evidence=EVIDENCE,
)
UNMET = _object(code={"type": "string", "pattern": "^[A-Z]+(_[A-Z]+)+$"}, text=WORDS)
UNMET["properties"]["undetermined"] = {"const": True}
NEAR = {**_list(_object(**RULE["properties"], failing={**_list(UNMET), "minItems": 1})), "minItems": 1, "maxItems": 6}
EXPLAINED = _object(access={"enum": ["allowed", "denied", "depends"]}, witness=WITNESS, because=_list(RULE))
ANSWER["properties"] |= {"rows": _list({"type": "object"}), "columns": _list(WORDS), "name": WORDS, "severity": WORDS}
EXPLAINED["properties"]["near"] = NEAR
ANSWER["properties"] |= {"flows": _list(EXPLAINED), "near": NEAR}


CONNECTIONS = {
    "anyOf": [
        {"const": "all"},
        _object(**{protocol: _list(_list({"type": "integer"})) for protocol in ("TCP", "UDP", "SCTP")}),
    ]
}
OUTSIDE = _object(kind={"const": "external"}, cidrs={**_list(WORDS), "minItems": 1})
ROW_END = {**END, "properties": END["properties"] | {"kind": {"enum": ["pod", "node", "namespace", "tenant"]}}}
CAUSE = _object(
    **RULE["properties"],
    when={"enum": ["before", "after"]},
    edit={"enum": ["added", "removed", "changed", None]},
)
ROW = _object(
    src={"anyOf": [ROW_END, OUTSIDE]},
    dst={"anyOf": [ROW_END, OUTSIDE]},
    change={"enum": ["added", "removed", "changed"]},
    before=CONNECTIONS,
    after=CONNECTIONS,
    gained=CONNECTIONS,
    lost=CONNECTIONS,
    because=_list(CAUSE),
    endpoints=_list(WORDS),
)
ROW["properties"] |= {"beforeDepends": CONNECTIONS, "afterDepends": CONNECTIONS}
ONE_SIDE = _object(
    source=END,
    destination=END,
    protocol=WITNESS["properties"]["protocol"],
    port=WITNESS["properties"]["port"],
    truth={"enum": ["allowed", "denied", "either"]},
    trace=WITNESS["properties"]["trace"],
)
BOTH_SIDES = _or_null(_object(before=_or_null(ONE_SIDE), after=_or_null(ONE_SIDE)))
EDIT = {"enum": ["added", "removed", "changed"]}
DIFF = _object(
    apiVersion={"const": "reachproof/v1"},
    relation={"enum": ["equivalent", "stricter", "looser", "incomparable", "undetermined", "unknown"]},
    reason=TEXT,
    by={"enum": ["pod", "workload", "namespace", "tenant"]},
    rows=_list(ROW),
    new=_list(ROW_END),
    lost=_list(ROW_END),
    policies=_list(_object(policy=POLICY, edit=EDIT, unmodelled=_list(WORDS), origin=ORIGIN)),
    undetermined=_list(
        _object(policy=_or_null(POLICY), edit=_or_null(EDIT), what=_list(WORDS), text=WORDS, origin=_or_null(ORIGIN))
    ),
    witnesses=_object(looser=BOTH_SIDES, stricter=BOTH_SIDES, undetermined=BOTH_SIDES),
    assumptions=_list(NOTICE),
    warnings=_list(WARNING),
    evidence=_object(
        compared={"type": "integer", "minimum": 0},
        judged={"type": "integer", "minimum": 0},
        engine=EVIDENCE["properties"]["engine"],
        solverMs={"type": "number", "minimum": 0},
        before=EVIDENCE["properties"]["snapshot"],
        after=EVIDENCE["properties"]["snapshot"],
    ),
)


def check_diff(document: object) -> None:
    """Fails where the document is no difference, or says one thing with its relation and another with its parts."""
    errors = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(DIFF).iter_errors(document)]
    assert errors == []
    assert isinstance(document, dict)
    shown = {way for way, witness in document["witnesses"].items() if witness is not None}
    moved = shown - {"undetermined"}
    assert bool(document["rows"]) == bool(moved)
    match document["relation"]:
        case "equivalent" | "unknown":
            assert not shown and not document["undetermined"]
        case "incomparable":
            assert moved == {"looser", "stricter"}
        case "undetermined":
            assert document["undetermined"] and len(moved) < 2
        case one:
            assert moved == {one}
    assert (document["reason"] != "") == (document["relation"] == "unknown")


def check_answer(document: object) -> None:
    """Fails where the document is no answer, or says one thing with its verdict and another with its parts."""
    errors = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(ANSWER).iter_errors(document)]
    assert errors == []
    assert isinstance(document, dict)
    assert (document["reason"] != "") == (document["verdict"] == "unknown")
    assert ("rows" in document) == ("columns" in document) == (document["verdict"] == "listed")
    explained = document["form"] == "explain" and document["verdict"] == "explained"
    assert ("flows" in document) == explained
    assert not explained or document["flows"][0]["witness"] == document["witness"]
    if document["verdict"] in ("reachable", "violated") and document["witness"] is not None:
        assert document["evidence"]["replayed"]
