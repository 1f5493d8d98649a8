"""What this process has answered, counted for `/metrics`.

- `counts.py`: requests and their durations, by method, route and status
- `counting.py`: the middleware that counts, outside of every other
- `route.py`: the route of a request, as its template
"""
