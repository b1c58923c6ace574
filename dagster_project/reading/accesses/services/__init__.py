"""Audit logs of services, one module for each."""
