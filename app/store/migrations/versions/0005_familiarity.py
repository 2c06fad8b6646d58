"""What a model's training set looked like: a blob that models of the same data share."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("models") as models:
        models.add_column(sa.Column("familiarity_sha256", sa.Text(), nullable=True))
