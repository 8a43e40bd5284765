-- Meters without a reading in [since, until): how many, and some examples.
with

silent as (

    select t.external_code
    from {core}.meters as t
    where
        not exists (
            select from {core}.measurements as m
            where m.meter_id = t.id and m.time >= :since and m.time < :until
        )

)

select
    (select count(*) from silent)::integer as count,
    array(
        select external_code from silent
        order by external_code limit :max_examples
    ) as examples
