"""The nouns: addresses, ports, labels, selectors, cluster objects, policies, flows and snapshots.

Pure values. This layer reads no files, knows no solver and imports no other layer of reachproof.
"""
