"""Find the day's files, claim them, read them, and record every source row in stage."""
