"""What the data means: settings, metrics, source mappings, row verdicts, the database's migrations."""
