-- $1 new load, $2 the load that it goes on with, $3 flow run, $4 claim key.
insert into {quality}.quality_load_log (
    load_id, source_file, source, business_date, status, step, message, flow_run_id, claim_key,
    identity, requeue_of, raw_rows
)
select
    $1,
    source_file,
    source,
    business_date,
    'running',
    'staged',
    'строки из load_id ' || load_id,
    $3,
    $4,
    identity,
    load_id,
    (select count(*) from requeue_rows as rows where rows.load_id = $2)
from {quality}.quality_load_log
where load_id = $2
