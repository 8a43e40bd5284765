-- Whether a merge of these loads may take readings out of core: one is a replay, or a file has another version, and one
-- of both replaces days.
select exists(
    select
    from {quality}.quality_load_log as own
    inner join {quality}.effective_loads as other
        on
            (
                own.business_date = other.business_date
                and own.source_file = other.source_file
                and (own.replaces_days or other.replaces_days)
            )
            or (own.replay_of is not null and own.content_id = other.content_id)
    where own.load_id = any(:load_ids::uuid[])
)
