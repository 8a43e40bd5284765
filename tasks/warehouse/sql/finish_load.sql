-- loads: objects with these columns. A load that is no longer in the state that this statement moves it from, or no
-- longer the run's, is not returned; nor is one whose content was loaded meanwhile.
update {quality}.quality_load_log as own
set
    status = case when own.rows_rejected > 0 then 'partial' else 'success' end,
    step = 'loaded',
    rows_loaded = given.inserted + given.updated + given.unchanged,
    rows_inserted = given.inserted,
    rows_updated = given.updated,
    rows_unchanged = given.unchanged,
    rows_no_longer_in_file = given.no_longer_in_file,
    message = nullif(concat_ws('; ', own.message, given.message), ''),
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
from
    jsonb_to_recordset(:loads::jsonb) as given (
        load_id uuid, inserted bigint, updated bigint, unchanged bigint, no_longer_in_file bigint, message text
    )
where
    own.load_id = given.load_id
    and own.status = 'running'
    and own.step = 'validated'
    and own.claim_key = :claim_key
    and (own.replay_of is not null or not exists (
        select
        from {quality}.quality_load_log as other
        where
            other.checksum = own.checksum
            and other.identity is not distinct from own.identity
            and other.status in ('success', 'partial')
    ))
returning own.load_id
