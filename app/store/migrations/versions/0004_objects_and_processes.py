"""Blobs in object storage, below the service's own id; the process behind a trainer's name."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "objects",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("unused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_objects")),
    )
    with op.batch_alter_table("objects") as batch_op:
        batch_op.create_index(batch_op.f("ix_objects_sha256"), ["sha256"], unique=False)
    service = op.create_table(
        "service",
        sa.Column("id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
    )
    op.bulk_insert(service, [{"id": secrets.token_hex(8)}])
    with op.batch_alter_table("trainers") as batch_op:
        batch_op.add_column(sa.Column("process", sa.Text(), nullable=True))
