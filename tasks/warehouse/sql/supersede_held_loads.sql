update {quality}.quality_load_log
set
    status = 'skipped',
    problem = :problem,
    message = concat_ws('; ', message, :message::text)
where
    business_date = :business_date
    and source_file = any(:source_files::text[])
    and status = 'held'
    and step = 'validated'
