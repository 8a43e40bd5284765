-- $1 loads that were taken back, $2, $3 their first and last time, $4 meters (null: too many to name): what no other
-- load holds goes.
delete from {core}.measurements as stored
where
    stored.load_id = any($1::uuid[])
    and stored.time between $2 and $3
    and ($4::bigint[] is null or stored.meter_id = any($4::bigint[]))
