"""Plain speech: sentences as people type them, turned into the exact language with the names of a snapshot.

Closed patterns and no guessing: every reading of a sentence that fits is made into an exact sentence, which the
ordinary grammar parses; one is the meaning, and several are refused with all of them.
"""
