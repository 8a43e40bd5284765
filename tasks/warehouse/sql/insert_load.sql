-- loads: objects with these columns. A load with the place of another one was asked for by a person: it is merged
-- however much it changes. In the order of the files, in which runs that claim the same contents at once meet.
insert into {quality}.quality_load_log (
    load_id, source_file, source, checksum, size_bytes, business_date, status, problem, message, flow_run_id,
    claim_key, identity, replay_of, content_id, effective_at, released_at, mapping_digest, rules_digest, replaces_days,
    finished_at, file_stat
)
select
    given.load_id,
    given.source_file,
    given.source,
    given.checksum,
    given.size_bytes,
    :business_date,
    given.status,
    given.problem,
    given.message,
    :flow_run_id,
    case when given.status = 'running' then :claim_key::bigint end,
    given.identity,
    given.replay_of,
    coalesce(given.content_id, given.load_id),
    given.effective_at,
    case when given.effective_at is not null then clock_timestamp() end,
    given.mapping_digest,
    :rules_digest,
    given.replaces_days,
    case when given.status <> 'running' then clock_timestamp() end,
    given.file_stat
from
    jsonb_to_recordset(:loads::jsonb) as given (
        load_id uuid, source_file text, source text, checksum text, size_bytes bigint, status text, problem text,
        message text, identity text, replay_of uuid, content_id uuid, effective_at timestamptz, mapping_digest text,
        replaces_days boolean, file_stat text
    )
order by given.source_file
