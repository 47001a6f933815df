"""Text that is safe to show: names in manifests are chosen by whoever writes them."""

from __future__ import annotations


def printable(line: str) -> str:
    """The line with characters that could steer a terminal, or hide in a page, written as escapes."""
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)
