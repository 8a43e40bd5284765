select exists(
    select
    from pg_views
    where
        schemaname = '{features}'
        and viewname = 'meter_hourly'
        and position(quote_literal(:zone) in definition) > 0
)
