-- $1, $2 first and last time, $3 meters (null: too many to name), $4 zone of local days.
-- Join first, then write only what is new or different: equal readings cost no write at all.
with

joined as materialized (

    select
        incoming.*,
        stored.load_id as old_load_id,
        stored.value as old_value,
        stored.quality as old_quality,
        case
            when stored.load_id is null then 'inserted'
            -- A row that waited in stage does not replace the value of a file that came after its own.
            when case when origin.load_id is not null then (
                select writer.effective_at > origin.effective_at
                from {quality}.quality_load_log as writer
                where writer.load_id = stored.load_id
            ) end then 'unchanged'
            when (stored.value, stored.quality) is distinct from (incoming.value, incoming.quality) then 'updated'
            else 'unchanged'
        end as fate
    from incoming
    left join {quality}.quality_load_log as mine on incoming.load_id = mine.load_id
    left join {quality}.quality_load_log as origin on mine.requeue_of = origin.load_id
    left join {core}.measurements as stored
        on
            incoming.meter_id = stored.meter_id
            and incoming.time = stored.time
            and incoming.metric = stored.metric
            and stored.time between $1 and $2
            and ($3::bigint[] is null or stored.meter_id = any($3::bigint[]))

),

inserted as (

    insert into {core}.measurements (time, meter_id, metric, value, quality, load_id)
    select time, meter_id, metric, value, quality, load_id
    from joined
    where fate = 'inserted'
    order by meter_id, time, metric

),

updated as (

    update {core}.measurements as stored
    set value = joined.value, quality = joined.quality, load_id = joined.load_id, updated_at = now()
    from joined
    where
        joined.fate = 'updated'
        and stored.meter_id = joined.meter_id
        and stored.time = joined.time
        and stored.metric = joined.metric
        and stored.time between $1 and $2
        and ($3::bigint[] is null or stored.meter_id = any($3::bigint[]))

),

revisions as (

    insert into {core}.measurement_revisions (
        time, meter_id, metric, old_value, new_value, old_quality, new_quality, old_load_id, load_id
    )
    select time, meter_id, metric, old_value, value, old_quality, quality, old_load_id, load_id
    from joined
    where fate = 'updated'

),

meter_days as (

    select distinct
        load_id,
        meter_id,
        (time at time zone $4)::date as local_date
    from joined
    where fate <> 'unchanged'

),

changed as (

    insert into {quality}.changed_days (load_id, building_id, local_date)
    select distinct
        meter_days.load_id,
        itp.building_id,
        meter_days.local_date
    from meter_days
    join {core}.meters as meters on meter_days.meter_id = meters.id
    join {core}.itp as itp on meters.itp_id = itp.id

)

select
    load_id,
    count(*) filter (where fate = 'inserted') as inserted,
    count(*) filter (where fate = 'updated') as updated,
    count(*) filter (where fate = 'unchanged') as unchanged
from joined
group by load_id
