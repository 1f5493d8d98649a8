"""What may not be read by others: secrets, in whatever spelling they stand."""
