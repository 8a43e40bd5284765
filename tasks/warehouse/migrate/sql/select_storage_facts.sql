-- In a zone whose offset is not a whole number of hours, local hours are not those of UTC.
select
    core.relkind::text as core_kind,
    exists(
        select
        from pg_extension as extension
        where extension.extname = 'timescaledb'
    ) as has_timescale,
    coalesce(current_setting('timescaledb.license', true) = 'timescale', false) as has_community,
    (
        select bool_and(extract(epoch from (month at time zone 'UTC') - (month at time zone :zone)) % 3600 = 0)
        from generate_series('1980-01-01 00:00+00'::timestamptz, '2050-01-01 00:00+00', interval '1 month') as month
    ) as has_whole_hours,
    (
        select daily.relkind::text
        from pg_class as daily
        where daily.oid = to_regclass('{features}.meter_daily')
    ) as aggregate_kind
from pg_class as core
where core.oid = '{core}.measurements'::regclass
