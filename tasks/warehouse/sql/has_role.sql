-- False too where one of the roles does not exist.
select
    exists(
        select
        from pg_roles as member
        cross join pg_roles as role
        where member.rolname = :member and role.rolname = :role and pg_has_role(member.oid, role.oid, 'usage')
    )
