select to_regclass('timescaledb_information.continuous_aggregates') is not null
