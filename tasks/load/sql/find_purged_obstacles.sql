-- What of the purged loads would have to be known to roll these loads back: which of their readings a purged load
-- found in core already, or which row errors of it were open before they were merged.
select
    other.load_id,
    other.source_file
from {quality}.effective_loads as other
where
    other.purged_before is not null
    and exists (
        select from {quality}.quality_load_log as own
        where
            own.load_id = any(:load_ids::uuid[])
            and (
                (
                    other.rows_unchanged > 0
                    and other.finished_at > own.finished_at
                    and other.first_time <= own.last_time
                    and other.last_time >= own.first_time
                )
                or (
                    other.rows_rejected > 0
                    and other.purged_before > own.finished_at
                    and (
                        own.requeue_of = other.load_id
                        or (
                            own.requeue_of is null
                            and own.business_date = other.business_date
                            and own.source_file = other.source_file
                            and own.finished_at > other.finished_at
                        )
                    )
                )
            )
    )
    and not exists (
        select from {quality}.effective_loads as replay
        where replay.replay_of = other.load_id and replay.purged_before is null
    )
order by other.load_id
limit 5
