"""Kaquan 卡券: cards and vouchers for a nationwide issuer."""
