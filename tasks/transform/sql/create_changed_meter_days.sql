-- day: its number among the midnights of the window, the first being 1.
create temporary table changed_meter_days (
    meter_id bigint,
    interval_minutes integer,
    day integer,
    since timestamptz,
    until timestamptz
)
