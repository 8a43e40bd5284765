-- Days that core or the features may have rows of, and one more at both ends: days of another zone may be there.
-- building_id null: of all buildings; first_day, last_day null: from the first to the last.
insert into {quality}.changed_days (building_id, local_date)
select
    :building_id::bigint,
    generate_series(
        greatest(min(span.first_day) - 1, :first_day::date),
        least(max(span.last_day) + 1, :last_day::date),
        interval '1 day'
    )::date
from (
    select
        (min(time) at time zone :zone)::date as first_day,
        (max(time) at time zone :zone)::date as last_day
    from {core}.measurements
    union all
    select
        min(local_date),
        max(local_date)
    from {features}.ml_daily_by_building
) as span
having min(span.first_day) is not null
