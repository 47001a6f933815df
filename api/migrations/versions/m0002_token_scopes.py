"""Limits of tokens. Those that were there before have none."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns."""
    for name in ("snapshots", "namespaces"):
        op.add_column("tokens", sa.Column(name, sa.JSON(none_as_null=True)))
