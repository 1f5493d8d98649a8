"""Traces by OpenTelemetry where an exporter is configured; nothing of it is imported otherwise.

- `call.py`: the trace of one call of the command line, from its beginning to its end
- `carrier.py`: the trace that the environment names, checked before it is believed
- `database.py`: a database and its statements, in the names of the conventions
- `provider.py`: the one door to OpenTelemetry
- `sending.py`: spans on their way out: quiet, counted, never waited for long
- `spans.py`: spans and events, as the rest of the house makes them
- `switch.py`: whether traces are wanted, and what of OpenTelemetry's variables is not served
"""
