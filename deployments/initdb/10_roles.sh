#!/bin/sh
# Runs once, when the database is made: group roles, the login of the pipeline, and Prefect's own database.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set prefix="${ROLE_PREFIX:-dataops}" --set pipeline="$PIPELINE_PASSWORD" --set prefect="$PREFECT_DB_PASSWORD" <<'SQL'
select format('create role %I nologin', :'prefix' || suffix) from unnest(array['_owner', '_loader', '_dbt', '_reader']) as s (suffix)
\gexec
create role pipeline login password :'pipeline';
select format('grant %I, %I to pipeline', :'prefix' || '_loader', :'prefix' || '_dbt')
\gexec
create role prefect login password :'prefect';
create database prefect owner prefect;
SQL
