"""The page at /docs: what /openapi.json says, without scripts and without any other host."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any

from reachproof.api.headers import page_policy

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;"
    "background:#fff}h2{margin-top:2.5rem;border-top:1px solid #ccc;padding-top:1rem}code,pre{font:14px/1.45 "
    "ui-monospace,monospace}pre{background:#f4f4f4;padding:.8rem;overflow:auto}td,th{text-align:left;"
    "padding:.2rem 1rem .2rem 0;vertical-align:top}"
    "@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}pre{background:#242424}a{color:#8ab4f8}}"
)
POLICY = page_policy(f"sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}")
_SCHEMAS = "#/components/schemas/"


def page(document: Mapping[str, Any]) -> str:
    """The page for an OpenAPI document."""
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body><main>",
            f"<h1>{title}</h1><p>{escape(document['info'].get('description', ''))}</p>",
            '<p>For programs: <a href="openapi.json">openapi.json</a></p>',
            *_operations(document),
            "<h2>Shapes</h2>",
            *_schemas(document),
            "</main></body></html>",
        )
    )


def _operations(document: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"<h2><code>{escape(method.upper())} {escape(path)}</code></h2>"
            yield f"<p><strong>{escape(operation.get('summary', ''))}</strong></p>"
            yield f"<p>{escape(operation.get('description', ''))}</p>"
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                yield f"<p>Body: {_shape(content.get('schema', {}))} as <code>{escape(media_type)}</code></p>"
            yield from _responses(operation)


def _responses(operation: Mapping[str, Any]) -> Iterator[str]:
    yield "<table><thead><tr><th>Status</th><th>When</th><th>Body</th></tr></thead><tbody>"
    for status, response in operation["responses"].items():
        shapes = ", ".join(_shape(content.get("schema", {})) for content in response.get("content", {}).values())
        when = escape(response.get("description", ""))
        yield f"<tr><td>{escape(status)}</td><td>{when}</td><td>{shapes}</td></tr>"
    yield "</tbody></table>"


def _schemas(document: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        text = json.dumps(schema, indent=2, ensure_ascii=False)
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3><pre tabindex="0">{escape(text)}</pre>'


def _shape(schema: Mapping[str, Any]) -> str:
    """A schema in a few words, with links to those that have names."""
    if "$ref" in schema:
        name = escape(schema["$ref"].removeprefix(_SCHEMAS))
        return f'<a href="#{name}"><code>{name}</code></a>'
    if "anyOf" in schema:
        return " or ".join(_shape(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_shape(schema.get('items', {}))}"
    return escape(str(schema.get("type", "any")))
