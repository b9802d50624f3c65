"""Runs migrations on the connection that `gateway.edge.store.migrate` opened, inside its transaction."""

from alembic import context

from gateway.edge.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
