"""Colours for terminals. Whoever writes the lines takes the colours out where no terminal reads them."""

from __future__ import annotations

from typing import Literal, TypeAlias

Colour: TypeAlias = Literal["red", "green", "yellow", "cyan"]
_CODES: dict[Colour, int] = {"red": 31, "green": 32, "yellow": 33, "cyan": 36}


def coloured(word: str, colour: Colour, *, bold: bool = True) -> str:
    """The word between the sequences of ECMA-48 that switch its colour on and off."""
    return f"\x1b[{_CODES[colour]}m{chr(27) + '[1m' if bold else ''}{word}\x1b[0m"
