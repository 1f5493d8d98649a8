"""The ways out of the process; each says why it failed and never shows a secret.

- `mail_server.py`: a mail, handed over once
- `webhook.py`: a POST, and the attempts after a failed one
"""
