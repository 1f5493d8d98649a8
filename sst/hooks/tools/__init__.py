"""Tools for plugin authors: doctor, reference, scaffold."""
