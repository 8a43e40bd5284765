-- $1 loads that are being taken back. What of the purged loads would have to be known for that:
-- which of our readings they found standing, or which rows were open before we loaded them.
select
    other.load_id,
    other.source_file
from {quality}.quality_load_log as other
where
    other.purged_before is not null
    and other.status in ('success', 'partial')
    and other.rolled_back_at is null
    and exists (
        select from {quality}.quality_load_log as mine
        where
            mine.load_id = any($1::uuid[])
            and (
                (
                    other.rows_unchanged > 0
                    and other.finished_at > mine.finished_at
                    and other.first_time <= mine.last_time
                    and other.last_time >= mine.first_time
                )
                or (
                    other.rows_rejected > 0
                    and other.purged_before > mine.finished_at
                    and (
                        mine.requeue_of = other.load_id
                        or (
                            mine.requeue_of is null
                            and mine.business_date = other.business_date
                            and mine.source_file = other.source_file
                            and mine.finished_at > other.finished_at
                        )
                    )
                )
            )
    )
    and not exists (
        select from {quality}.quality_load_log as again
        where
            again.replay_of = other.load_id
            and again.status in ('success', 'partial')
            and again.rolled_back_at is null
            and again.purged_before is null
    )
order by other.load_id
limit 5
