"""The pages' words in other languages, compiled without gettext's own programs."""
