-- Loads that ended in core come first: they decide.
select
    load_id,
    status,
    source_file,
    claim_key,
    step,
    finished_at,
    rolled_back_at,
    replay_by_hand
from {quality}.quality_load_log
where
    checksum = :checksum
    and identity is not distinct from :identity
    and status in ('success', 'partial', 'held', 'running')
order by status = 'running', status = 'held', started_at desc
