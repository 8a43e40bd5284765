-- Only where TimescaleDB is installed.
select
    hypertable.compression_enabled,
    dimension.time_interval as chunk_interval
from timescaledb_information.hypertables as hypertable
inner join timescaledb_information.dimensions as dimension
    on
        hypertable.hypertable_schema = dimension.hypertable_schema
        and hypertable.hypertable_name = dimension.hypertable_name
        and dimension.dimension_number = 1
where hypertable.hypertable_schema = '{core}' and hypertable.hypertable_name = 'measurements'
