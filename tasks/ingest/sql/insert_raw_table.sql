insert into {stage}.raw_tables (load_id, table_num, source_file, sheet, columns) values ($1, $2, $3, $4, $5)
