"""The ledger tells which addresses a person had when they were sent somewhere."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of earlier sends it is not known."""
    op.add_column("send_ledger", sa.Column("points", sa.LargeBinary(), nullable=True))
