"""A stream's state notes the mapping of its shadows, and when it left its flow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; streams read before note their mapping at the end of the next read."""
    op.add_column("stream_state", sa.Column("baseline", sa.LargeBinary(), nullable=True))
    op.add_column("stream_state", sa.Column("retired_at", sa.Double(), nullable=True))
