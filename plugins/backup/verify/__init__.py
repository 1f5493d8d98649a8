"""The proof of a backup."""
