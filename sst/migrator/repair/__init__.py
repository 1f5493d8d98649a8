"""What a half-applied run leaves behind, and how it is repaired."""
