-- $1 new load, $2 the load that is loaded once more, $3 flow run, $4 claim key.
insert into {quality}.quality_load_log (
    load_id, source_file, source, checksum, size_bytes, business_date, status, step, message, flow_run_id,
    claim_key, layout_fingerprint, identity, replay_of, raw_rows
)
select
    $1,
    source_file,
    source,
    checksum,
    size_bytes,
    business_date,
    'running',
    'staged',
    'повтор из стейджа, load_id ' || load_id,
    $3,
    $4,
    layout_fingerprint,
    identity,
    load_id,
    raw_rows
from {quality}.quality_load_log
where load_id = $2
