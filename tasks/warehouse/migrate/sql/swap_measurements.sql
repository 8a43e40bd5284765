-- core.measurements_new replaces core.measurements, with its grants and its views.
do $$
declare
    owner constant text := (select relowner::regrole::text from pg_class where oid = '{core}.measurements'::regclass);
    grants constant text[] := array(
        select
            format(
                'grant %s on {core}.measurements to %s%s',
                acl.privilege_type,
                case acl.grantee when 0 then 'public' else acl.grantee::regrole::text end,
                case when acl.is_grantable then ' with grant option' else '' end
            )
        from pg_class as c
        cross join lateral aclexplode(c.relacl) as acl
        where c.oid = '{core}.measurements'::regclass and acl.grantee <> c.relowner
    );
    -- CREATE OR REPLACE keeps a view's owner, grants, comment and the views that read it.
    views constant text[] := array(
        select distinct
            format(
                'create or replace view %s %s as %s',
                c.oid::regclass,
                'with (' || array_to_string(c.reloptions, ', ') || ')',
                pg_get_viewdef(c.oid)
            )
        from pg_depend as d
        join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
        join pg_class as c on r.ev_class = c.oid
        where d.refobjid = '{core}.measurements'::regclass and c.relkind = 'v'
    );
    described constant text := obj_description('{core}.measurements'::regclass);
    step text;
begin
    alter table {core}.measurements rename to measurements_old;
    alter table {core}.measurements_new rename to measurements;
    foreach step in array views loop
        execute step;
    end loop;
    drop table {core}.measurements_old;
    alter table {core}.measurements rename constraint measurements_new_pkey to measurements_pkey;
    execute format('alter table {core}.measurements owner to %s', owner);
    execute format('comment on table {core}.measurements is %L', described);
    foreach step in array grants loop
        execute step;
    end loop;
end
$$
