"""Support of the acceptance tests: child processes, the service under test, fake platforms."""
