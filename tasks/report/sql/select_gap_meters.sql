-- The reporting meters with the most gaps in [since, until). A meter is reporting if it has a reading in that period
-- or between reporting_since and its start. An interval longer than an hour is expected to have one reading.
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

meters as (

    select
        t.id,
        t.external_code as meter_code,
        b.external_code as building_code,
        t.kind::text as kind,
        t.interval_minutes::integer as interval_minutes,
        coalesce(present.present_hours, 0) as present_hours,
        present.max_readings,
        present.readings,
        :period_hours::integer * 60 / greatest(t.interval_minutes, 60) as expected_hours,
        present.meter_id is not null or exists (
            select from {core}.measurements as m
            where m.meter_id = t.id and m.time >= :reporting_since and m.time < :since
        ) as is_reporting
    from {core}.meters as t
    inner join {core}.itp as i on t.itp_id = i.id
    inner join {core}.buildings as b on i.building_id = b.id
    left join present on t.id = present.meter_id

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
