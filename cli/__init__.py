"""The command line: arguments in, rendered answers and exit codes out.

The only layer that uses click and rich. It decides nothing about policies; it calls reachproof.queries.
"""
