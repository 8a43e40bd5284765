select exists(
    select
    from timescaledb_information.continuous_aggregates
    where
        view_schema = '{features}'
        and view_name = 'meter_daily'
        and position(quote_literal(:zone) in view_definition) > 0
)
