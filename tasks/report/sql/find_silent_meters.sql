-- Meters that are somewhere at the end of [since, until) without a reading in it: how many, and some examples.
with

silent as (

    select distinct placements.meter_code
    from {quality}.meter_placements as placements
    where
        placements.since < :until
        and placements.until >= :until
        and not exists (
            select from {core}.measurements as m
            where m.meter_id = placements.meter_id and m.time >= :since and m.time < :until
        )

)

select
    (select count(*) from silent)::integer as count,
    array(
        select meter_code from silent
        order by meter_code limit :max_examples
    ) as examples
