"""From a question and a snapshot to an answer: bind the names, ask the solver, replay the witness, explain.

Packs of invariants live here too; the ones shipped with reachproof are ordinary query text.
"""
