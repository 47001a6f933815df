"""Headers that every response has. A page that needs more than the strictest policy sets a policy of its own."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# For answers, which are no pages: nothing is loaded, nothing is run, and no page may show them in a frame.
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
SECURITY_HEADERS = MappingProxyType(
    {
        "cache-control": "no-store",  # answers tell about the inside of a cluster
        "content-security-policy": NOTHING,
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
)


def page_policy(style_hash: str) -> str:
    """The policy of a page without scripts whose only style is inline and has this hash (`sha256-...`)."""
    return f"{NOTHING}; style-src '{style_hash}'"


@dataclass(frozen=True, slots=True)
class SecurityHeaders:
    """Adds the headers that a response has not set itself."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)
