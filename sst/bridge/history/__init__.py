"""The revision files and what follows from them: order, heads, targets, plan, stamps."""
