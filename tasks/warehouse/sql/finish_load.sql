-- No row: the load is no longer in the state that this statement moves it from, or no longer the run's.
update {quality}.quality_load_log as own
set
    status = case when rows_rejected > 0 then 'partial' else 'success' end,
    step = 'loaded',
    rows_loaded = :inserted::bigint + :updated::bigint + :unchanged::bigint,
    rows_inserted = :inserted::bigint,
    rows_updated = :updated::bigint,
    rows_unchanged = :unchanged::bigint,
    rows_no_longer_in_file = :no_longer_in_file::bigint,
    message = nullif(concat_ws('; ', message, :message::text), ''),
    claim_key = null,
    finished_at = clock_timestamp(),
    effective_at = coalesce(
        (
            select origin.effective_at
            from {quality}.quality_load_log as origin
            where origin.load_id = own.requeue_of
        ),
        own.effective_at,
        clock_timestamp()
    )
where
    load_id = :load_id
    and status = 'running'
    and step = 'validated'
    and claim_key = :claim_key
    and (own.replay_of is not null or not exists (
        select
        from {quality}.quality_load_log as other
        where
            other.checksum = own.checksum
            and other.identity is not distinct from own.identity
            and other.status in ('success', 'partial')
    ))
returning load_id
