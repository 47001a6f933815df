"""The HTTP service: wire shapes, problem documents, settings, authentication and storage.

The only layer that uses FastAPI. It decides nothing about policies; it calls reachproof.queries and renders the result.
"""
