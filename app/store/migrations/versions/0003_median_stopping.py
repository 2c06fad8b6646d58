"""Median stopping: a sweep's rule, and the sweep that a job is a trial of."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("sweep_id", sa.Text(), nullable=True))
    with op.batch_alter_table("sweeps") as sweeps:
        sweeps.add_column(sa.Column("median_stopping", sa.JSON(), nullable=True))
