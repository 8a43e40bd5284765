-- Whether a merge of these loads may take readings out of core: a file has another version, and one of both replaces
-- days; or one is a replay of a load that counts.
select
    exists (
        select
        from {quality}.quality_load_log as own
        inner join {quality}.effective_loads as other
            on
                own.business_date = other.business_date
                and own.source_file = other.source_file
                and (own.replaces_days or other.replaces_days)
        where own.load_id = any(:load_ids::uuid[])
    )
    or exists (
        select
        from {quality}.quality_load_log as own
        inner join {quality}.effective_loads as other on own.content_id = other.content_id
        where own.load_id = any(:load_ids::uuid[]) and own.replay_of is not null
    )
