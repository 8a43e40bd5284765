-- Only where TimescaleDB is installed. name: schema.name.
select exists(
    select
    from timescaledb_information.continuous_aggregates
    where view_schema || '.' || view_name = :name
)
