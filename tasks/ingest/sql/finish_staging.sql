with

laid_out as (

    insert into {quality}.load_layouts (load_id, layout) values ($1, $3)

)

update {quality}.quality_load_log
set step = 'staged', raw_rows = $2, layout_fingerprint = $4, message = $5, source = $6
where load_id = $1
