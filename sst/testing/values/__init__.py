"""Values and stand-ins to call a plugin with.

- `builders.py`: one function for each value of the contract
- `fakes.py`: stand-ins for the objects that the core hands to a plugin
- `plan.py`: one function for each value of a plan
"""
