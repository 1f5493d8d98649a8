"""`/state`: one page behind the operations token that shows where all stands; it changes nothing.

- `templates/`: the page, the form for the token, the stylesheet
- `attempts.py`: a limit on tries of the token
- `endpoints.py`: the routes
- `form.py`: the form that carries the token, read with bounds
- `looks.py`: what the page asks the runtime, shared and bounded
- `page.py`: the values on the page
- `rendering.py`: values as HTML: escaped, secrets masked
- `sessions.py`: the cookie of a browser that has given the token
"""
