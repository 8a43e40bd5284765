-- Loads that ended in core come first, and of these the ones that count: they decide.
select
    load_id,
    content_id,
    status,
    source_file,
    claim_key,
    step,
    effective_at,
    finished_at,
    rolled_back_at,
    replay_by_hand
from {quality}.quality_load_log
where
    checksum = :checksum
    and (identity is not distinct from :identity or source_file = :source_file)
    and status in ('success', 'partial', 'held', 'running')
order by status = 'running', status = 'held', rolled_back_at is not null, started_at desc
