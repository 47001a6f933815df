"""Implementations of network policy: tiers and their arrangement, quirks of selectors, a mesh on top.

Pure values over those of `network`. Beside the kinds in `manifests`, the only place that knows which implementation it
is. No other layer is imported.
"""
