comment on table {quality}.schema_migrations is
'Applied migrations; version 0 records who manages the schema core: dataops or someone else.'
