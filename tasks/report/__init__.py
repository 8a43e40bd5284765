"""Build the quality report of a day from the database: collect it, and write it as HTML and JSON."""
