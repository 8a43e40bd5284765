create temporary table changed_meter_days (
    meter_id bigint,
    interval_minutes integer,
    local_date date,
    since timestamptz,
    until timestamptz
)
