-- loads: objects with these columns. A load that is no longer in the state that this statement moves it from, or no
-- longer the run's, is not returned.
with

given as (

    select given.* -- noqa: AM04
    from
        jsonb_to_recordset(:loads::jsonb) as given (
            load_id uuid, raw_rows bigint, lines jsonb, source_lines jsonb, fingerprint text, message text, tables jsonb
        )

),

moved as (

    update {quality}.quality_load_log as own
    set
        step = 'staged',
        raw_rows = given.raw_rows,
        lines = given.lines,
        layout_fingerprint = given.fingerprint,
        message = given.message
    from given
    where
        own.load_id = given.load_id
        and own.claim_key = :claim_key
        and own.status = 'running'
        and own.step = 'claimed'
    returning own.load_id

)

insert into {quality}.load_layouts (load_id, layout, source_lines)
select
    given.load_id,
    given.tables,
    given.source_lines
from moved
inner join given on moved.load_id = given.load_id
returning load_id
