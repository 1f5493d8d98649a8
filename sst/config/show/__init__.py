"""Settings as they may be shown: views, masked values, generated references."""
