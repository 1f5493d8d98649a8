"""S3 and what speaks its protocol."""

from __future__ import annotations

from typing import Any

from .object_store import ObjectStore

_CHUNK_BYTES = 8 * 2**20
_MOST_PARTS = 10_000


class S3(ObjectStore):
    """A bucket of S3, served by s3fs."""

    __slots__ = ()

    def transfer_arguments(self, largest_bytes: int) -> dict[str, Any]:
        """Return a small chunk, and few at once: s3fs holds ten of 50 MB for each file."""
        chunk = max(_CHUNK_BYTES, -(-largest_bytes // _MOST_PARTS))
        return {"chunksize": chunk, "max_concurrency": 4, "batch_size": 4}

    def forget_parts(self, fs: Any, root: str) -> None:  # noqa: ANN401
        """Abort uploads that did not end: S3 keeps, and bills, parts that no listing shows."""
        bucket, key, _ = fs.split_path(root)
        known = fs.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=f"{key}/")
        for upload in known.get("Uploads") or ():
            fs.call_s3(
                "abort_multipart_upload",
                Bucket=bucket,
                Key=upload["Key"],
                UploadId=upload["UploadId"],
            )
