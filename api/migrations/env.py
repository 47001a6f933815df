"""The migrations that Alembic runs: the missing steps, on the connection and in the transaction that it is given."""

from alembic import context

from reachproof.api.tables import Table

context.configure(connection=context.config.attributes["connection"], target_metadata=Table.metadata)
with context.begin_transaction():
    context.run_migrations()
