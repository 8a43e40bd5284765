-- What no load has any more. meters: null if there are too many to name.
delete from {core}.measurements as existing
using decisions
where
    not decisions.is_replaced
    and decisions.is_in_core
    and existing.meter_id = decisions.meter_id
    and existing.time = decisions.time
    and existing.metric = decisions.metric
    and existing.time between :first_time and :last_time
    and (:meters::bigint[] is null or existing.meter_id = any(:meters::bigint[]))
