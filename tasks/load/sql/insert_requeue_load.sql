-- origin: the load whose rows the new one loads once more.
insert into {quality}.quality_load_log (
    load_id, source_file, source, replaces_days, business_date, status, step, message, flow_run_id, claim_key,
    identity, requeue_of, raw_rows
)
select
    :load_id,
    source_file,
    source,
    replaces_days,
    business_date,
    'running',
    'staged',
    'строки из load_id ' || load_id,
    :flow_run_id,
    :claim_key,
    identity,
    load_id,
    (
        select count(*)
        from requeueable_rows as rows
        where rows.load_id = :origin
    )
from {quality}.quality_load_log
where load_id = :origin
