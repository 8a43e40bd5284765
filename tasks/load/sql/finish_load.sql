-- $1 load, $2 inserted, $3 updated, $4 unchanged, $5 claim key. No row: the load is no longer ours.
update {quality}.quality_load_log as mine
set
    status = case when rows_rejected > 0 then 'partial' else 'success' end,
    step = 'loaded',
    rows_loaded = $2::bigint + $3::bigint + $4::bigint,
    rows_inserted = $2::bigint,
    rows_updated = $3::bigint,
    rows_unchanged = $4::bigint,
    claim_key = null,
    finished_at = clock_timestamp(),
    effective_at = coalesce(
        (select origin.effective_at from {quality}.quality_load_log as origin where origin.load_id = mine.requeue_of),
        clock_timestamp()
    )
where load_id = $1 and status = 'running' and step = 'parsed' and claim_key = $5
    and (mine.replay_of is not null or not exists (
        select from {quality}.quality_load_log as other
        where
            other.checksum = mine.checksum
            and other.identity is not distinct from mine.identity
            and other.status in ('success', 'partial')
    ))
returning load_id
