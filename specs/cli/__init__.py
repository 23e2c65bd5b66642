"""The console and shell completion, shared by all commands."""
