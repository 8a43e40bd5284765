-- Of loads that are about to end in core and are replays: all other loads of the same content, whose readings may stand
-- in core also where a replay since has found them there.
select
    own.load_id,
    array_agg(replayed.load_id) as replayed,
    min(replayed.first_time) as first_time,
    max(replayed.last_time) as last_time
from {quality}.quality_load_log as own
inner join {quality}.quality_load_log as replayed
    on own.content_id = replayed.content_id and own.load_id <> replayed.load_id
where
    own.load_id = any(:load_ids::uuid[])
    and own.replay_of is not null
    and replayed.status in ('success', 'partial')
    and replayed.rolled_back_at is null
group by own.load_id
