"""A run: lock, plan, ledger, steps; the bridge is the only importer of alembic."""
