update {quality}.quality_load_log
set rows_removed = :removed, message = nullif(concat_ws('; ', message, :message::text), '')
where load_id = :load_id
