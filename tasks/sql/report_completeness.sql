-- $1 loads, $2 zone, $3 first and $4 last local day, $5 `hour` or `day`, $6 meters at the most.
-- Meters that the loads hold; expected metrics by the seed that the features use.
with

meters as (

    select
        t.id as meter_id,
        t.external_code as meter_code,
        b.external_code as building_code,
        t.interval_minutes,
        (
            select count(*) from {features}.expected_metrics as e where e.kind = t.kind
        ) as metrics
    from {core}.meters as t
    join {core}.itp as i on t.itp_id = i.id
    join {core}.buildings as b on i.building_id = b.id
    where t.external_code in (
        select distinct meter_code from {stage}.stage_parsed_measurements where load_id = any($1::uuid[])
    )

),

places as (

    select place
    from generate_series(
        $3::date::timestamp,
        $4::date::timestamp + interval '1 day' - interval '1 hour',
        ('1 ' || $5)::interval
    ) as series (place)

),

present as (

    select
        m.meter_id,
        date_trunc($5, m.time at time zone $2) as place,
        count(*) as readings
    from {core}.measurements as m
    where
        m.meter_id in (select meter_id from meters)
        and m.time >= $3::date::timestamp at time zone $2
        and m.time < ($4::date + 1)::timestamp at time zone $2
    group by 1, 2

)

select
    meters.meter_code,
    meters.building_code,
    (meters.metrics * greatest(60 / meters.interval_minutes, 1) * case when $5 = 'day' then 24 else 1 end)::integer
        as expected,
    array_agg(coalesce(present.readings, 0)::integer order by places.place) as present,
    count(*) over () as meters_in_all
from meters
cross join places
left join present on meters.meter_id = present.meter_id and places.place = present.place
group by meters.meter_id, meters.meter_code, meters.building_code, meters.metrics, meters.interval_minutes
order by sum(coalesce(present.readings, 0)) / nullif(meters.metrics * 1440.0 / meters.interval_minutes, 0), meters.meter_code
limit $6
