insert into {stage}.raw_tables (load_id, table_num, source_file, sheet, columns)
values (:load_id, :table_num, :source_file, :sheet, :columns)
