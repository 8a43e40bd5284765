-- origin: the load whose rows the new one loads once more.
insert into {quality}.quality_load_log (
    load_id, source_file, source, replaces_days, business_date, status, step, message, flow_run_id, claim_key,
    identity, requeue_of, raw_rows, rows_requeued, content_id, mapping_digest, rules_digest
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
    ),
    (
        select count(*)
        from {stage}.parsed_readings as parsed
        inner join requeueable_rows as rows
            on
                parsed.load_id = rows.load_id
                and parsed.table_num = rows.table_num
                and parsed.row_num = rows.row_num
        where parsed.load_id = :origin and parsed.quality = 2
    ),
    content_id,
    mapping_digest,
    :rules_digest
from {quality}.quality_load_log
where load_id = :origin
