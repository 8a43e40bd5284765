-- $1, $2 first and last time, $3 zone of local days, $4 meters (null: too many to name). Writes what is due, and
-- what it replaces into the revisions.
with

inserted as (

    insert into {core}.measurements (time, meter_id, metric, value, quality, load_id)
    select time, meter_id, metric, value, quality, load_id
    from due
    where is_new
    order by meter_id, time, metric

),

updated as (

    update {core}.measurements as stored
    set value = due.value, quality = due.quality, load_id = due.load_id, updated_at = now()
    from due
    where
        not due.is_new
        and stored.meter_id = due.meter_id
        and stored.time = due.time
        and stored.metric = due.metric
        and stored.time between $1 and $2
        and ($4::bigint[] is null or stored.meter_id = any($4::bigint[]))

),

revisions as (

    insert into {core}.measurement_revisions (
        time, meter_id, metric, old_value, new_value, old_quality, new_quality, old_load_id, load_id
    )
    select time, meter_id, metric, old_value, value, old_quality, quality, old_load_id, load_id
    from due
    where not is_new

),

changed as (

    insert into {quality}.changed_days (load_id, building_id, local_date)
    select distinct
        meter_days.load_id,
        itp.building_id,
        meter_days.local_date
    from (
        select distinct
            load_id,
            meter_id,
            (time at time zone $3)::date as local_date
        from due
    ) as meter_days
    join {core}.meters as meters on meter_days.meter_id = meters.id
    join {core}.itp as itp on meters.itp_id = itp.id

)

select
    load_id,
    count(*) filter (where is_new) as inserted,
    count(*) filter (where not is_new) as updated
from due
group by load_id
