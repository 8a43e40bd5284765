"""What flows and commands need to run: server, API, log, progress, context."""
