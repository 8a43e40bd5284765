-- The last hour of a day ends with the register at the next midnight: where a meter sent no readings of the intervals
-- on the day before, that day changes with this one. Meter by meter: of most the first reading settles it.
insert into {quality}.changed_days (building_id, local_date, taken)
select distinct
    days.building_id,
    days.local_date - 1,
    true
from (
    select
        building_id,
        local_date,
        {quality}.local_midnight(local_date - 1, :zone) as day_before,
        {quality}.local_midnight(local_date, :zone) as midnight
    from {quality}.changed_days
    where taken and building_id is not null
) as days
inner join {quality}.meter_placements as meters on days.building_id = meters.building_id
-- What the day before begins with, or its last hour: without either nothing of it ends at this midnight.
inner join lateral (
    select distinct metrics.register_of as metric
    from {core}.measurements as m
    inner join {quality}.metrics as metrics on m.metric::text = metrics.metric
    where
        m.meter_id = meters.meter_id
        and m.time in (days.day_before, date_trunc('hour', days.midnight - interval '1 second', :zone))
        and metrics.register_of is not null
) as steps on true
left join lateral (
    select m.time
    from {core}.measurements as m
    where
        m.meter_id = meters.meter_id
        and m.time >= days.day_before
        and m.time < days.midnight
        and m.metric::text = steps.metric
    order by m.time
    limit 1
) as of_intervals on true
where
    of_intervals.time is null
    and not exists (
        select
        from {quality}.changed_days as other
        where
            other.taken
            and other.district_id is null
            and other.local_date = days.local_date - 1
            and coalesce(other.building_id, days.building_id) = days.building_id
    )
