"""The tables. What is here is what the newest migration leaves; tests hold the two together.

Times are text (see domain/clock.py), and their order as text is their order in time.
"""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

networks = sa.Table(
    "networks",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("preset", sa.Text),
    sa.Column("definition", sa.JSON, nullable=False),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text),
    sa.Column("finished_at", sa.Text),
    sa.Column("name", sa.Text),
    sa.Column("notes", sa.Text),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("network_id", sa.Text, sa.ForeignKey("networks.id")),
    sa.Column("preset", sa.Text),
    sa.Column("sweep_id", sa.Text),
    sa.Column("definition", sa.JSON, nullable=False),
    sa.Column("config", sa.JSON, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("history_of_status", sa.JSON, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("crashes", sa.Integer, nullable=False),
    sa.Column("progress", sa.JSON),
    sa.Column("metrics", sa.JSON),
    sa.Column("best", sa.JSON),
    sa.Column("history", sa.JSON, nullable=False),
    sa.Column("stopped_by", sa.Text),
    sa.Column("error", sa.JSON),
    sa.Column("receipt", sa.JSON),
    sa.Column("checkpoint_sha256", sa.Text),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("last_event", sa.Integer, nullable=False),
    sa.Index(None, "status"),
)

job_tags = sa.Table(
    "job_tags",
    metadata,
    sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag", sa.Text, primary_key=True),
    sa.Index(None, "tag", "job_id"),
)

job_events = sa.Table(
    "job_events",
    metadata,
    sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
)

sweeps = sa.Table(
    "sweeps",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("metric", sa.Text, nullable=False),
    sa.Column("trials", sa.JSON, nullable=False),
    sa.Column("median_stopping", sa.JSON),
)

models = sa.Table(
    "models",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="SET NULL"), unique=True),
    sa.Column("network_id", sa.Text, sa.ForeignKey("networks.id")),
    sa.Column("definition", sa.JSON, nullable=False),
    sa.Column("dataset", sa.Text, nullable=False),
    sa.Column("classes", sa.JSON, nullable=False),
    sa.Column("preprocessing", sa.JSON, nullable=False),
    sa.Column("parameters", sa.Integer, nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("metrics", sa.JSON, nullable=False),
    sa.Column("familiarity_sha256", sa.Text),
)

aliases = sa.Table(
    "aliases",
    metadata,
    sa.Column("alias", sa.Text, primary_key=True),
    sa.Column("model_id", sa.Text, sa.ForeignKey("models.id"), nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Column("past", sa.JSON, nullable=False),
)

blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

service = sa.Table(
    "service",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
)

objects = sa.Table(
    "objects",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("unused", sa.Boolean, nullable=False),
    sa.Index(None, "sha256"),
)

datasets = sa.Table(
    "datasets",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("sample_shape", sa.JSON, nullable=False),
    sa.Column("classes", sa.JSON, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)

dataset_versions = sa.Table(
    "dataset_versions",
    metadata,
    sa.Column(
        "dataset_id", sa.Text, sa.ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("contents", sa.JSON, nullable=False),
    sa.Column("duplicates", sa.JSON, nullable=False),
)

dataset_chunks = sa.Table(
    "dataset_chunks",
    metadata,
    sa.Column(
        "dataset_id", sa.Text, sa.ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("fingerprints", sa.LargeBinary, nullable=False),
    sa.Index(None, "sha256"),
)
"""The blobs that any version of a dataset is made of."""

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("request_sha256", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("location", sa.Text),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index(None, "created_at"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("expires_at", sa.Text),
    sa.Column("revoked_at", sa.Text),
    sa.Column("sha256", sa.Text, nullable=False, unique=True),
)

trainers = sa.Table(
    "trainers",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("seen_at", sa.Text, nullable=False),
    sa.Column("process", sa.Text),
)
