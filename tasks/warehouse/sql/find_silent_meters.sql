-- Meters that were somewhere when [since, until) began and when it ended, without a reading in it: how many, and some
-- examples.
with

silent as (

    select distinct at_end.meter_code
    from {quality}.meter_placements as at_end
    inner join {quality}.meter_placements as at_start on at_end.meter_id = at_start.meter_id
    where
        at_start.since <= :since
        and at_start.until > :since
        and at_end.since < :until
        and at_end.until >= :until
        and not exists (
            select from {core}.measurements as m
            where m.meter_id = at_end.meter_id and m.time >= :since and m.time < :until
        )

)

select
    (select count(*) from silent)::integer as count,
    array(
        select meter_code from silent
        order by meter_code limit :max_examples
    ) as examples
