create temporary table requeueable_rows (load_id uuid, table_num smallint, row_num integer) on commit drop
