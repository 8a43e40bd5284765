create table {quality}.schema_migrations (
    version integer primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default clock_timestamp()
);

comment on table {quality}.schema_migrations is
'Applied migrations; version 0 notes who made the schema core: dataops or somebody else.'
