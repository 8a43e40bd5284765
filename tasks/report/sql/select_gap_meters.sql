-- $1, $2 the period [since, until), $3 its hours, $4 how far back a silent meter may have spoken, $5 how many.
-- A meter whose interval is longer than an hour is expected once an interval.
with

present as (

    select
        hours.meter_id,
        count(*) as present_hours,
        max(hours.readings) as most_readings,
        sum(hours.readings) as readings
    from (
        select
            m.meter_id,
            count(*) as readings
        from {core}.measurements as m
        where m.time >= $1 and m.time < $2
        group by m.meter_id, date_bin(interval '1 hour', m.time, $1)
    ) as hours
    group by hours.meter_id

),

known as (

    select
        t.id,
        t.external_code as meter_code,
        b.external_code as building_code,
        t.kind::text as kind,
        t.interval_minutes::integer as interval_minutes,
        coalesce(present.present_hours, 0) as present_hours,
        present.most_readings,
        present.readings,
        $3::integer * 60 / greatest(t.interval_minutes, 60) as expected_hours,
        present.meter_id is not null or exists (
            select from {core}.measurements as m
            where m.meter_id = t.id and m.time >= $4 and m.time < $1
        ) as speaks
    from {core}.meters as t
    join {core}.itp as i on t.itp_id = i.id
    join {core}.buildings as b on i.building_id = b.id
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
    (count(*) filter (where coalesce(readings < most_readings * expected_hours, true)) over ())::integer as with_gaps
from known
where speaks
order by missing_hours desc, most_readings * expected_hours - readings desc, meter_code asc
limit $5
