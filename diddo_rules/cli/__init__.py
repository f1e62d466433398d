"""The command `diddo`: what stands on stdout is the result, and what is said about it goes to stderr."""

from diddo_rules.cli.app import main

__all__ = ["main"]
