-- Each day that core or the features may have a row of, and one more at both ends: days of another zone may be there.
insert into {quality}.changed_days (local_date)
select generate_series(min(span.first_day) - 1, max(span.last_day) + 1, interval '1 day')::date
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
