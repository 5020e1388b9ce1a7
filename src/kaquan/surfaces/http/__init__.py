"""What every HTTP surface shares: languages, problem documents, and the catalogue of problems."""
