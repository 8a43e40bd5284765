-- A file that is as its load has left it writes no row in the load log, whose rows would soon be little else: a run
-- says in one row how many it has found so.
create table {quality}.unchanged_files (
    flow_run_id uuid primary key,
    business_date date not null,
    files integer not null check (files > 0),
    found_at timestamptz not null default clock_timestamp()
);

comment on table {quality}.unchanged_files is
'How many files a run has left as they are: the load log has their load, or says already why they are skipped.';

alter table {quality}.quality_load_log add column file_stat text;

comment on column {quality}.quality_load_log.file_stat is
'Size, times of change and inode of the file before it was read, by which TRUST_MTIME knows it again; NULL: not known, '
'as of a file out of an archive.';
