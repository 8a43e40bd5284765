-- $1 checksum, $2 identity. What failed attempts at the same content left in stage would stand there twice.
with

failed as (

    select load_id from {quality}.quality_load_log
    where checksum = $1 and identity is not distinct from $2 and status = 'failed' and step <> 'claimed'

),

raw_rows as (

    delete from {stage}.stage_raw_measurements where load_id in (select load_id from failed)

),

parsed_rows as (

    delete from {stage}.stage_parsed_measurements where load_id in (select load_id from failed)

),

row_errors as (

    delete from {quality}.quality_row_errors where load_id in (select load_id from failed)

)

update {quality}.quality_load_log set step = 'claimed', claim_key = null
where load_id in (select load_id from failed)
