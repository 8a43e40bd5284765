select view_schema || '.' || view_name as name from timescaledb_information.continuous_aggregates
