select exists(
    select
    from pg_attribute
    where
        attrelid = to_regclass('{features}.meter_hourly')
        and attname = 'metric'
        and atttypid = 'text'::regtype
)
