-- Of loads that have waited, as rows in stage or held: those whose file has a newer version that replaces days, or that
-- a replay has come before.
select
    own.load_id,
    own.first_time,
    own.last_time
from {quality}.quality_load_log as own
left join {quality}.quality_load_log as origin on own.requeue_of = origin.load_id
where
    own.load_id = any(:load_ids::uuid[])
    and (
        exists (
            select
            from {quality}.effective_loads as later
            where
                later.business_date = own.business_date
                and later.source_file = own.source_file
                and later.effective_at > coalesce(origin.effective_at, own.effective_at)
                and later.replaces_days
        )
        or not exists (
            select
            from {quality}.effective_loads as counting
            where counting.load_id = own.load_id
        )
    )
