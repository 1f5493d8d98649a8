"""The stores of backups, and what `Storage` does with all of them.

- `drivers/`: what differs from one kind of URL to another
- `encryption.py`: age, for the files of a backup and the properties of its database's name
- `intact.py`: whether a backup is whole, file by file
- `listing.py`: the backups that were found, and which one of them an id means
- `local.py`: the store that is a folder of this machine
- `remote.py`: the store behind a URL, by way of fsspec
- `retention.py`: which backups may go, and their removal
- `settings.py`: the settings of storage
- `storage.py`: all backups in all stores: drafted, published, found, opened, deleted
- `store.py`: the protocol `Store`, by which alone `Storage` knows a store

A driver for another kind of URL goes to `drivers/`. A store that is behind no URL is one file
beside `local.py`, a class that keeps the protocol, and one line in `_far_stores` of `storage.py`.
"""
