"""The open world: questions about pods that do not exist yet, decided by Z3 over labels, not over a list of pods.

scope           the part of the programs that a question is about, and where its possible pods can be
label_domains   per label key a small finite domain: absent, a value that nobody names, the values that are named
variables       the variables of a script, and their meaning
open_encoding   both ends, the programs and the question as one SMT-LIB text; `endpoint_terms` are its ends
concretize      a model turned into a snapshot with invented pods, and a flow of it
random_testing  invented flows for a second opinion by the evaluator
search          all of it, and the closed world first
"""
