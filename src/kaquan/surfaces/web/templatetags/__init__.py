"""What the templates may say besides Django's own tags."""
