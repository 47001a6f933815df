"""A running service, asked as a snapshot is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from reachproof.face.bundle import Given, bundle
from reachproof.face.extras import needed
from reachproof.face.remote import Client, Remote
from reachproof.face.snapshot import Questions, Snapshot
from reachproof.queries.model_options import model_options

if TYPE_CHECKING:
    import httpx2


class Service(Questions):
    """A service. Asked itself, it answers about the snapshot that it was started with.

    Besides what `Questions` raise, everything raises ServiceError where the service is not there, does not know the
    token, or is busy. Use it as a context manager, or close it.
    """

    __slots__ = ("_client",)

    def __init__(self, client: Client) -> None:
        super().__init__(Remote(client=client))
        self._client = client

    def snapshot(self, name: str | None = None, **options: object) -> Snapshot:
        """A stored snapshot by name or digest, or the service's own. Whether there is one shows at the first question.

        `options` are model options, as far as they can be changed once manifests are read.
        """
        model_options(options)
        return Snapshot(Remote(client=self._client, name=name, options=options))

    def load(self, *sources: Given, keep: bool = True, name: str | None = None, **options: object) -> Snapshot:
        """The snapshot of files and folders of this machine, or of one list of objects, stored by the service.

        `keep=False`: the service does not store it, and the manifests go along with each request. `name`: what to call
        the stored one from now on. Otherwise as `reachproof.load`.
        """
        model_options(options)
        sent = bundle(sources)
        if not keep:
            if name is not None:
                raise ValueError(f"cannot name a snapshot that is not kept (name {name}); leave out name or keep=False")
            return Snapshot(Remote(client=self._client, sent=sent, options=options))
        # The channel decides how manifests are read, and so it belongs to what is stored and not to each question.
        reading = {"channel": str(options.pop("channel"))} if options.get("channel") is not None else {}
        reading |= {"cni": str(options["cni"])} if options.get("cni") is not None else {}
        listed = {"apiVersion": "v1", "kind": "List", "items": sent.objects}
        files = sent.files or [("objects.json", json.dumps(listed))]
        digest = str(self._client.upload("/snapshots", files, **reading)["id"])
        if name is not None:
            self._client.put(f"/snapshots/names/{quote(name, safe='')}", {"id": digest})
        return Snapshot(Remote(client=self._client, name=digest, options=options))

    def close(self) -> None:
        """Give up the connections."""
        self._client.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Service {self._client.url}>"


def connect(url: str, token: str | None = None) -> Service:
    """The service at an address such as `http://localhost:8000`, asked once whether it is there.

    `token`: sent as a bearer token with each request. Raises ServiceError where no service answers, ValueError for an
    address of another form, ImportError that says what to install where there is no httpx2.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"invalid URL {url!r}; write one such as http://localhost:8000")
    httpx2 = needed("httpx2", "connect()", "client")
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return asked(url, httpx2.Client(base_url=url, headers=headers))


def asked(url: str, http: httpx2.Client) -> Service:
    """The service that an HTTP client talks to; closed again where it does not answer."""
    client = Client(url, http)
    try:
        client.get("/healthz")
    except BaseException:
        client.close()
        raise
    return Service(client)
