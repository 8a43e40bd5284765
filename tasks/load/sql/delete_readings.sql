-- What loads that are rolled back still have in core, no other load has. meters: null if there are too many to name.
delete from {core}.measurements as existing
where
    existing.load_id = any(:load_ids::uuid[])
    and existing.time between :first_time and :last_time
    and (:meters::bigint[] is null or existing.meter_id = any(:meters::bigint[]))
