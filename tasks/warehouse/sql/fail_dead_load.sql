-- claim_keys: of each load the key that the run that has died had claimed it under.
update {quality}.quality_load_log as own
set
    status = 'failed',
    finished_at = clock_timestamp(),
    problem = :problem,
    message = :message
from unnest(:load_ids::uuid[], :claim_keys::bigint[]) as dead (load_id, claim_key)
where
    own.load_id = dead.load_id
    and own.claim_key = dead.claim_key
    and own.status = 'running'
    and own.step <> 'loaded'
