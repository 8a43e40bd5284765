-- Of each content, by its place in the lists, the loads of it. Those that ended in core come first, and of these the
-- ones that count: they decide.
select
    content.number - 1 as content,
    log.load_id,
    log.content_id,
    log.status,
    log.source_file,
    log.claim_key,
    log.step,
    log.effective_at,
    log.finished_at,
    log.rolled_back_at,
    log.replay_by_hand
from
    unnest(:checksums::text[], :identities::text[], :source_files::text[])
    with ordinality as content (checksum, identity, source_file, number)
inner join {quality}.quality_load_log as log
    on
        content.checksum = log.checksum
        and (content.identity is not distinct from log.identity or content.source_file = log.source_file)
where log.status in ('success', 'partial', 'held', 'running')
order by
    content.number asc,
    log.status = 'running' asc,
    log.status = 'held' asc,
    log.rolled_back_at is not null asc,
    log.started_at desc
