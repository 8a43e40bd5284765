"""How it is done: one verb a module, pure functions first, a thin Prefect wrapper last."""
