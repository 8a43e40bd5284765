select exists(
    select
    from {quality}.claim_holders
    where claim_key = :claim_key and pid <> pg_backend_pid()
)
