"""What screens are made of. It knows no rule and no table: screens ask the capabilities."""
