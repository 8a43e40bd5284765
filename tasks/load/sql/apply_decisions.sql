-- What no load has is for delete_readings, a separate statement: of an UPDATE and a DELETE in one statement TimescaleDB
-- does only the last to readings that are in the columnstore, and says nothing. zone: that of local days; meters: null
-- if there are too many to name.
with

replaced as (

    update {core}.measurements as existing
    set
        value = decisions.new_value,
        quality = decisions.new_quality,
        load_id = decisions.new_load_id,
        updated_at = :moment::timestamptz
    from decisions
    where
        decisions.is_replaced
        and decisions.is_in_core
        and existing.meter_id = decisions.meter_id
        and existing.time = decisions.time
        and existing.metric = decisions.metric
        and existing.time between :first_time and :last_time
        and (:meters::bigint[] is null or existing.meter_id = any(:meters::bigint[]))

),

returned as (

    insert into {core}.measurements (time, meter_id, metric, value, quality, load_id, inserted_at)
    select
        time,
        meter_id,
        metric,
        new_value,
        new_quality,
        new_load_id,
        :moment::timestamptz
    from decisions
    where is_replaced and not is_in_core

),

revisions as (

    insert into {core}.measurement_revisions (
        time, meter_id, metric, old_value, new_value, old_quality, new_quality, old_load_id, load_id, change,
        old_since, replaced_at
    )
    select
        time,
        meter_id,
        metric,
        value,
        new_value,
        quality,
        new_quality,
        load_id,
        withdrawn_by,
        case when is_changed then :change else 'credit' end,
        case when is_in_core then since end,
        :moment::timestamptz
    from decisions
    where is_changed or is_replaced

),

changed_days as (

    insert into {quality}.changed_days (load_id, building_id, local_date)
    select distinct
        decisions.withdrawn_by,
        meters.building_id,
        (decisions.time at time zone :zone)::date
    from decisions
    inner join {quality}.meter_buildings as meters
        on
            decisions.meter_id = meters.meter_id
            and decisions.time >= meters.since
            and decisions.time <= meters.until
    where decisions.is_changed

)

select
    withdrawn_by,
    count(*) filter (where is_in_core and not is_replaced) as removed,
    count(*) filter (where is_replaced and is_changed) as restored,
    count(*) filter (where is_replaced and not is_changed) as unchanged
from decisions
group by withdrawn_by
