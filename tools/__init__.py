"""What the repository checks and generates about itself; nothing here is shipped."""
