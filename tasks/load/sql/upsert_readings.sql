-- Writes the pending changes, and what they replace into the revisions. zone: that of local days; meters: null if
-- there are too many to name.
with

inserted as (

    insert into {core}.measurements (time, meter_id, metric, value, quality, load_id, inserted_at)
    select
        time,
        meter_id,
        metric,
        value,
        quality,
        load_id,
        :moment::timestamptz
    from pending_changes
    where is_new
    order by meter_id, time, metric

),

updated as (

    update {core}.measurements as existing
    set value = changes.value, quality = changes.quality, load_id = changes.load_id, updated_at = :moment::timestamptz
    from pending_changes as changes
    where
        not changes.is_new
        and existing.meter_id = changes.meter_id
        and existing.time = changes.time
        and existing.metric = changes.metric
        and existing.time between :first_time and :last_time
        and (:meters::bigint[] is null or existing.meter_id = any(:meters::bigint[]))

),

revisions as (

    insert into {core}.measurement_revisions (
        time, meter_id, metric, old_value, new_value, old_quality, new_quality, old_load_id, load_id, old_since,
        replaced_at
    )
    select
        time,
        meter_id,
        metric,
        old_value,
        value,
        old_quality,
        quality,
        old_load_id,
        load_id,
        old_since,
        :moment::timestamptz
    from pending_changes
    where not is_new

)

insert into {quality}.changed_days (load_id, building_id, local_date)
select distinct
    meter_days.load_id,
    meters.building_id,
    meter_days.local_date
from (
    select distinct
        load_id,
        meter_id,
        (time at time zone :zone)::date as local_date
    from pending_changes
) as meter_days
inner join {quality}.meter_buildings as meters
    on
        meter_days.meter_id = meters.meter_id
        and meters.since < {quality}.local_midnight(meter_days.local_date + 1, :zone)
        and meters.until >= {quality}.local_midnight(meter_days.local_date, :zone)
