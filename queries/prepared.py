"""A snapshot with its encoding, which the questions about it share."""

from __future__ import annotations

from reachproof.network.snapshot import Snapshot
from reachproof.solver.ground import Encoding, prepare
from reachproof.solver.prove import Prover


class PreparedSnapshot:
    """A snapshot, prepared at the first question and then kept, and the prover that its questions use.

    Not safe for use by several threads at once.
    """

    def __init__(self, snapshot: Snapshot, prover: Prover) -> None:
        self.snapshot = snapshot
        self.prover = prover
        self._encoding: Encoding | None = None
        self._rewritten: Encoding | None = None

    @property
    def encoding(self) -> Encoding:
        """The prepared encoding."""
        if self._encoding is None:
            self._encoding = prepare(self.snapshot)
        return self._encoding

    def encoding_of(self, snapshot: Snapshot) -> Encoding:
        """The encoding of the same cluster with other policies; the last one is kept."""
        if snapshot is self.snapshot:
            return self.encoding
        if self._rewritten is None or self._rewritten.snapshot is not snapshot:
            self._rewritten = prepare(snapshot, self.encoding.universe)
        return self._rewritten
