"""Decides goals: policies become boxes over classes, boxes become sets or Z3 formulas, and those become outcomes.

The only layer that uses Z3 and numpy. A flow it returns is a claim, believed only after the reference has replayed it.
"""
