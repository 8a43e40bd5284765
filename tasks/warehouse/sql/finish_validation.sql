-- First and last time in microseconds since 1970 UTC. No row: the load is no longer in
-- the state that this statement moves it from, or no longer the run's.
update {quality}.quality_load_log
set
    step = 'validated',
    rows_read = :rows_read,
    rows_rejected = :rows_rejected,
    rows_duplicate = :rows_duplicate,
    rows_suspect = :rows_suspect,
    message = nullif(concat_ws('; ', message, :message::text), ''),
    first_time = to_timestamp(0) + :first_time::bigint * interval '1 microsecond',
    last_time = to_timestamp(0) + :last_time::bigint * interval '1 microsecond'
where load_id = :load_id and claim_key = :claim_key and status = 'running' and step = 'staged'
returning load_id
