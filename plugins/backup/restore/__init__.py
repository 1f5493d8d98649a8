"""A restore: rebuilt beside, compared, swapped; and the marks of what is ours."""
