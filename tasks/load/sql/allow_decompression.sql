-- A merge or a rollback may touch any number of readings in the columnstore (by default a transaction may 100,000).
select set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true)
where
    exists (
        select
        from pg_extension
        where extname = 'timescaledb'
    )
