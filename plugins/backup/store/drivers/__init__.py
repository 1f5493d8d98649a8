"""Stores behind a URL, by way of fsspec: what differs from one kind to another, and the transfer.

- `known.py`: which driver serves which scheme, and whether its package is installed
- `driver.py`: what a driver can be asked, with the answers for a store that has folders
- `object_store.py`: the answers for keys without folders: gs, az and the like
- `s3.py`: S3, whose unfinished uploads leave parts that no listing shows
- `sftp.py`: SFTP, whose connection must be closed to end what hangs
- `local_file.py`: `file://`, such as a mounted disk
- `url.py`: which parts of a URL and of options may be shown
- `transfer.py`: the door to fsspec: uploads, downloads, checks and removals in steps

A driver for another kind of URL is one file here, a subclass of `Driver`, and one line in
`DRIVERS` of `known.py`; one that needs nothing of its own is the line alone.
"""
