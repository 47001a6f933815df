"""The meaning of policies, written to be read: a snapshot and one flow give a trace.

This is the reference that every verdict is measured against. It is naive on purpose and shares no code with the solver.
"""
