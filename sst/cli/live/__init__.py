"""Live lines on a terminal while a command works.

- `display.py`: the lines, drawn again and again below whatever else is printed
- `lines.py`: the lines of a moment, as text
- `words.py`: what others have written, so that it steers no terminal
"""
