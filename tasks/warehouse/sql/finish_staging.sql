-- No row: the load is no longer in the state that this statement moves it from, or no longer the run's.
with

moved as (

    update {quality}.quality_load_log
    set
        step = 'staged',
        raw_rows = :raw_rows,
        lines = :lines::jsonb,
        layout_fingerprint = :fingerprint,
        message = :message
    where load_id = :load_id and claim_key = :claim_key and status = 'running' and step = 'claimed'
    returning load_id

)

insert into {quality}.load_layouts (load_id, layout, source_lines)
select
    moved.load_id,
    :tables::jsonb,
    :source_lines::jsonb
from moved
returning load_id
