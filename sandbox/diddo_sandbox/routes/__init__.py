"""The routes: a few lines each, over a service."""
