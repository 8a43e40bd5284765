-- origin: the load that is replayed from stage.
insert into {quality}.quality_load_log (
    load_id, source_file, source, replaces_days, checksum, size_bytes, business_date, status, step, message,
    flow_run_id, claim_key, layout_fingerprint, identity, replay_of, raw_rows
)
select
    :load_id,
    source_file,
    source,
    replaces_days,
    checksum,
    size_bytes,
    business_date,
    'running',
    'staged',
    'повтор из стейджа, load_id ' || load_id,
    :flow_run_id,
    :claim_key,
    layout_fingerprint,
    identity,
    load_id,
    raw_rows
from {quality}.quality_load_log
where load_id = :origin
