"""The client that stored a snapshot, unknown of those that were there before, and the time it was stored last."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns."""
    op.add_column("snapshots", sa.Column("stored_by", sa.Text()))
    op.add_column("snapshots", sa.Column("last_stored_at", sa.DateTime(timezone=True)))
    op.create_index("ix_snapshots_stored_by", "snapshots", ["stored_by"])
