"""Snapshots, their names, results and tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Makes the tables."""
    _snapshots()
    op.create_table(
        "results",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("digests", sa.Text(), nullable=False),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_results_used_at", "results", ["used_at", "stored_bytes"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT),
        sa.Column("revoked_at", _MOMENT),
    )


def _snapshots() -> None:
    op.create_table(
        "snapshots",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=False),
        sa.Column("plain_bytes", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "names",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("digest", sa.Text(), sa.ForeignKey("snapshots.digest"), nullable=False),
    )
    op.create_index("ix_names_digest", "names", ["digest"])
    op.create_table(
        "name_history",
        sa.Column("id", _COUNTER, primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text()),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("by", sa.Text()),
    )
    op.create_index("ix_name_history_name_id", "name_history", ["name", "id"])
