"""The questions that endpoints ask: shared, bounded, kept for about a second.

- `probes.py`: the questions to the runtime
- `readiness.py`: the application's own check
- `single_flight.py`: one probe at a time, its answer shared
- `turnstile.py`: a bound on looks at the database that are open at once
"""
