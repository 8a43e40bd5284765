-- $1, $2 the period [since, until), $3 how many examples.
with

silent as (

    select t.external_code
    from {core}.meters as t
    where
        not exists (
            select from {core}.measurements as m
            where m.meter_id = t.id and m.time >= $1 and m.time < $2
        )

)

select
    (select count(*) from silent)::integer as count,
    array(select external_code from silent order by external_code limit $3) as examples
