"""SST Platform: settings, plugins, migrations and the web application that share them."""

__version__ = "0.1.0"
