"""What follows a load: changed days, aggregates, dbt."""
