"""The ways out of the process; each says why it failed and never shows a secret.

- `webhook.py`: a POST, and the attempts after a failed one
"""
