"""Values and stand-ins to call a plugin with."""
