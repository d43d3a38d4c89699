"""A kit for twins: local simulators of outside parties that speak the real wire protocol.

Standard library only and nothing of the project, so that a twin cannot share a mistake with its adapter.
"""
