"""Locks on tables: the schedule of attempts, who blocks them, what a failed build leaves."""
