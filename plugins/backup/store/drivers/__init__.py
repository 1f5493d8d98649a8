"""Stores behind a URL, by way of fsspec: the drivers of each kind of URL, and the transfer.

- `driver.py`: the questions to a driver, with the answers for a store that has folders
- `known.py`: which driver serves which scheme, and whether its package is installed
- `local_file.py`: `file://`, such as a mounted disk
- `object_store.py`: the answers for keys without folders: gs, az and the like
- `s3.py`: S3, whose unfinished uploads leave parts that no listing shows
- `sftp.py`: SFTP, whose connection must be closed to end requests that hang
- `transfer.py`: the door to fsspec: uploads, downloads, checks and removals in steps
- `url.py`: the parts of a URL and of options that may be shown, and those that are secrets

A driver for another kind of URL is one file here, a subclass of `Driver`, and one line in
`DRIVERS` of `known.py`; one that needs nothing of its own is the line alone.
"""
