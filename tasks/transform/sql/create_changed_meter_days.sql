create temporary table changed_meter_days (
    meter_id bigint,
    local_date date,
    since timestamptz,
    until timestamptz
) on commit drop
