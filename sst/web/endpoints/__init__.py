"""The core's endpoints, one file each.

- `assets/`: the page of `/docs`
- `answers.py`: the bodies of the health endpoints
- `docs.py`: `/docs`
- `health.py`: `/health`
- `live.py`: `/livez`
- `metrics.py`: `/metrics`
- `ready.py`: `/readyz`
- `version.py`: `/version`
"""
