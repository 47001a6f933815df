"""What one end of a connectivity report stands for."""

from __future__ import annotations

from enum import StrEnum


class By(StrEnum):
    """The pods that are put together into one end."""

    POD = "pod"
    WORKLOAD = "workload"
    NAMESPACE = "namespace"
    TENANT = "tenant"
