"""The commands of the plugin: words in, result and text out."""
