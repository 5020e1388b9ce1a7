"""Offers (券模板): versioned terms, immutable once used."""
