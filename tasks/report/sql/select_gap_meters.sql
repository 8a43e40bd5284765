-- The reporting meters with the most gaps in [since, until). A meter is reporting if it has a reading in that period
-- or between reporting_since and its start. An interval longer than an hour is expected to have one reading, and
-- nothing is expected of the time in which a meter is nowhere. Of several buildings the last one is named.
with

present as (

    select
        hours.meter_id,
        count(*) as present_hours,
        max(hours.readings) as max_readings,
        sum(hours.readings) as readings
    from (
        select
            m.meter_id,
            count(*) as readings
        from {core}.measurements as m
        where m.time >= :since and m.time < :until
        group by m.meter_id, date_bin(interval '1 hour', m.time, :since)
    ) as hours
    group by hours.meter_id

),

placed as (

    select
        meter_id,
        meter_code,
        (array_agg(building_code order by since desc))[1] as building_code,
        kind,
        interval_minutes,
        least(
            ceil(
                sum(extract(epoch from least(until, :until::timestamptz) - greatest(since, :since::timestamptz)))
                / 3600
            ),
            :period_hours::integer
        )::integer as hours
    from {quality}.meter_placements
    where since < :until and until > :since
    group by meter_id, meter_code, kind, interval_minutes

),

meters as (

    select
        placed.meter_id as id,
        placed.meter_code,
        placed.building_code,
        placed.kind,
        placed.interval_minutes,
        coalesce(present.present_hours, 0) as present_hours,
        present.max_readings,
        present.readings,
        placed.hours * 60 / greatest(placed.interval_minutes, 60) as expected_hours,
        present.meter_id is not null or exists (
            select from {core}.measurements as m
            where m.meter_id = placed.meter_id and m.time >= :reporting_since and m.time < :since
        ) as is_reporting
    from placed
    left join present on placed.meter_id = present.meter_id

)

select
    id,
    meter_code,
    building_code,
    kind,
    interval_minutes,
    greatest(expected_hours - present_hours, 0)::integer as missing_hours,
    (count(*) over ())::integer as meters,
    (count(*) filter (where coalesce(readings < max_readings * expected_hours, true)) over ())::integer as with_gaps
from meters
where is_reporting
order by missing_hours desc, max_readings * expected_hours - readings desc, meter_code asc
limit :max_meters
