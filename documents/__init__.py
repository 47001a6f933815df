"""Documents: what leaves the house, each shape declared once. Encoding, decoding and schemas come from the classes.

Nothing here decides, asks or renders; `queries` makes documents of values, and the fronts pass them on or show them.
"""
