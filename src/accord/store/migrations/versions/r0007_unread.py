"""Two columns go that nothing ever read."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop them. The run has its start; an address was never marked as verified."""
    op.drop_column("flow_state", "last_started_at")
    op.drop_column("contact_point", "verified_at")
