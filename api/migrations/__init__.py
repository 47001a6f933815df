"""The steps by which the tables of the store came to be, run by Alembic (`reachproof.api.database`)."""
