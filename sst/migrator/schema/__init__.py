"""The shape of a schema, and the fingerprint that shows drift."""
