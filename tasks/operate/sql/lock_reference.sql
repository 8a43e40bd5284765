-- Two concurrent loads would both insert a new code; readers are not blocked.
lock table {core}.buildings, {core}.itp, {core}.meters in share row exclusive mode
