"""What the acceptance tests stand on: child processes, the service under test, a scripted platform."""
