"""An event as people read it: one value, made once, and the form of each receiver.

- `forms.py`: the body of a webhook, by the name of its form
- `mail.py`: a message as a mail in plain text
- `message.py`: title, facts, reason, next step and links of an event
- `slack.py`: a message in Slack's Block Kit
- `teams.py`: a message as an Adaptive Card, as the workflows of Teams take it
- `texts.py`: texts of others, made visible and cut to size
- `titles.py`: what happened, in the words of a title
"""
