-- dbt's views and seeds get a schema of their own: in features are only the tables that readers are meant to see.
-- The features themselves stay. Views and seeds come again with the next build, for no project is built any more.
create schema if not exists {features}_staging;

comment on schema {features}_staging is 'Views and seeds that dbt makes the features from.';

drop view if exists
{features}.stg_core__meters,
{features}.stg_core__readings,
{features}.stg_features__meter_daily,
{features}.stg_features__meter_hourly,
{features}.stg_quality__changed_days;
drop table if exists {features}.expected_metrics, {features}.public_holidays;

update {quality}.transform_state set project = null;
