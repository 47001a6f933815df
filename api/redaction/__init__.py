"""Documents as the owner of some namespaces is shown them: the pass between an answer and its encoding.

Every field of every document has a decision in `decisions.DECISIONS` or `decisions.WHOLE`. A field without one is an
InternalError, and a test fails when one is added. Verdicts stay what they are; what names objects of others is left
out, or said without names.
"""
