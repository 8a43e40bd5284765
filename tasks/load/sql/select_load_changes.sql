-- What a load has changed in core, metric by metric, each with its first reading as an example.
with

changes as (

    select
        m.metric::text as metric,
        m.meter_id,
        m.time,
        'new' as change,
        null::double precision as old_value,
        m.value as new_value
    from {core}.measurements as m
    where
        m.load_id = :load_id
        and m.time between :first_time and :last_time
        and not exists (
            select
            from {core}.measurement_revisions as revisions
            where
                revisions.load_id = :load_id
                and revisions.meter_id = m.meter_id
                and revisions.time = m.time
                and revisions.metric = m.metric
        )
    union all
    select
        revisions.metric::text,
        revisions.meter_id,
        revisions.time,
        case when revisions.new_value is null then 'gone' else 'changed' end,
        revisions.old_value,
        revisions.new_value
    from {core}.measurement_revisions as revisions
    where revisions.load_id = :load_id and revisions.change is distinct from 'credit'

)

select
    changes.metric,
    changes.change,
    count(*) as readings,
    (array_agg(meters.external_code order by changes.time, meters.external_code))[1] as meter,
    min(changes.time) as time,
    (array_agg(changes.old_value order by changes.time, meters.external_code))[1] as old_value,
    (array_agg(changes.new_value order by changes.time, meters.external_code))[1] as new_value
from changes
inner join {core}.meters as meters on changes.meter_id = meters.id
group by changes.metric, changes.change
order by changes.metric, changes.change
