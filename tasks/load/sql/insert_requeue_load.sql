-- origins: the loads whose rows the new ones load once more.
with

pairs as (

    select
        pairs.load_id,
        pairs.origin
    from unnest(:load_ids::uuid[], :origins::uuid[]) as pairs (load_id, origin)

),

raw as (

    select
        rows.load_id,
        count(*) as raw_rows
    from requeueable_rows as rows
    group by rows.load_id

),

rejected as (

    select
        parsed.load_id,
        count(*) as readings
    from {stage}.parsed_readings as parsed
    inner join requeueable_rows as rows
        on
            parsed.load_id = rows.load_id
            and parsed.table_num = rows.table_num
            and parsed.row_num = rows.row_num
    where parsed.load_id = any(:origins::uuid[]) and parsed.quality = 2
    group by parsed.load_id

)

insert into {quality}.quality_load_log (
    load_id, source_file, source, replaces_days, business_date, status, step, message, flow_run_id, claim_key,
    identity, requeue_of, raw_rows, rows_requeued, content_id, mapping_digest, rules_digest
)
select
    pairs.load_id,
    origin.source_file,
    origin.source,
    origin.replaces_days,
    origin.business_date,
    'running',
    'staged',
    'строки из load_id ' || origin.load_id,
    :flow_run_id,
    :claim_key,
    origin.identity,
    origin.load_id, -- noqa: AL08
    coalesce(raw.raw_rows, 0),
    coalesce(rejected.readings, 0),
    origin.content_id,
    origin.mapping_digest,
    :rules_digest
from pairs
inner join {quality}.quality_load_log as origin on pairs.origin = origin.load_id
left join raw on pairs.origin = raw.load_id
left join rejected on pairs.origin = rejected.load_id
order by pairs.load_id
