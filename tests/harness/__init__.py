"""What the fixtures are made of: a server's databases, and the command line."""
