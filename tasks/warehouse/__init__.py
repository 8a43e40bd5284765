"""What every step is built on: connection, locks, statements, COPY, spool and storage, migrations, embedded server."""
