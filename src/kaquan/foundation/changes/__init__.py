"""Every change of configuration: who, when, from where, before and after; chained by hash."""
