-- What loads that are rolled back had resolved is open again, unless a later one resolves it, too: a replay of the load
-- with the error, or a newer version of its file, which leaves rows that wait for their code.
update {quality}.quality_row_errors as errors
set
    resolved_by = (
        select later.load_id
        from {quality}.quality_load_log as own
        inner join {quality}.effective_loads as later
            on
                own.business_date = later.business_date
                and own.source_file = later.source_file
                and own.load_id <> later.load_id
        where
            own.load_id = errors.load_id
            and later.requeue_of is null
            and later.effective_at > own.effective_at
            and (later.replay_of = own.load_id or errors.reason <> 'unmapped_code')
        order by later.effective_at desc
        limit 1
    )
where errors.resolved_by = any(:load_ids::uuid[])
