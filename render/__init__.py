"""Documents and results as text, Markdown, CSV, HTML, SVG, DOT, SARIF, JUnit and GitHub annotations.

The command line and the Python face both show what is made here. Nothing here decides, asks, reads or writes.
"""
