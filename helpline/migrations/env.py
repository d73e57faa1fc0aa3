"""Alembic's environment: runs migrations on the connection that `helpline.migrate` hands over."""

from alembic import context

import helpline.directory.models  # noqa: F401  registers the directory's tables
from helpline.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
