-- What no other load has; settle_readings has given the others to another load. meters: null if there are too many.
delete from {core}.measurements as existing
using unsettled
where
    unsettled.is_withdrawn
    and existing.meter_id = unsettled.meter_id
    and existing.time = unsettled.time
    and existing.metric = unsettled.metric
    and existing.load_id = unsettled.load_id
    and existing.time between :first_time and :last_time
    and (:meters::bigint[] is null or existing.meter_id = any(:meters::bigint[]))
