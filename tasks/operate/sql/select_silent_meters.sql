-- Meters that are somewhere and have sent nothing for days before the last reading of all: how many, and some examples.
with

last_reading as (

    select max(last_time) as time
    from {quality}.effective_loads

),

silent as (

    select distinct placements.meter_code
    from {quality}.meter_placements as placements
    cross join last_reading
    where
        placements.since <= last_reading.time - :silent_days * interval '1 day'
        and placements.until > last_reading.time
        and not exists (
            select from {core}.measurements as m
            where
                m.meter_id = placements.meter_id
                and m.time > last_reading.time - :silent_days * interval '1 day'
                and m.time <= last_reading.time
        )

)

select
    (select count(*) from silent)::integer as count,
    array(
        select meter_code from silent
        order by meter_code limit :max_examples
    ) as examples
