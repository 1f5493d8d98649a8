"""The settings that exist: names, types, ranges, defaults, meaning."""
