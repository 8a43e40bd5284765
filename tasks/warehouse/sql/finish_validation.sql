-- loads: objects with these columns, first and last time in microseconds since 1970 UTC. A load that is no longer in
-- the state that this statement moves it from, or no longer the run's, is not returned.
update {quality}.quality_load_log as own
set
    step = 'validated',
    rows_read = given.rows_read,
    rows_rejected = given.rows_rejected,
    rows_duplicate = given.rows_duplicate,
    rows_suspect = given.rows_suspect,
    message = nullif(concat_ws('; ', own.message, given.message), ''),
    first_time = to_timestamp(0) + given.first_time * interval '1 microsecond',
    last_time = to_timestamp(0) + given.last_time * interval '1 microsecond'
from
    jsonb_to_recordset(:loads::jsonb) as given (
        load_id uuid, rows_read bigint, rows_rejected bigint, rows_duplicate bigint, rows_suspect bigint,
        first_time bigint, last_time bigint, message text
    )
where
    own.load_id = given.load_id
    and own.claim_key = :claim_key
    and own.status = 'running'
    and own.step = 'staged'
returning own.load_id
