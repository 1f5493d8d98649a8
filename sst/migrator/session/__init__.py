"""Connections, the lock on them, and what watches over them: signals, heartbeat, guards."""
