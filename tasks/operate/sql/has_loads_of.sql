select exists(
    select
    from {quality}.quality_load_log
    where source = :source
)
