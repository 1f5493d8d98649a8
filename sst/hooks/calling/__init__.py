"""How hooks are called: order, deadlines, isolation, timing."""
