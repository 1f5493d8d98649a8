"""The questions that endpoints ask: shared, bounded, told until they are a second old.

- `fleet.py`: the watch over all databases that are listed
- `kept_answers.py`: answers as bytes, sent again without routing
- `probes.py`: the questions to the runtime
- `readiness.py`: the application's own check
- `single_flight.py`: one probe at a time, its answer shared
- `standing.py`: where the database stands, for the state page and the metrics
- `turnstile.py`: a bound on looks at the database that are open at once
"""
