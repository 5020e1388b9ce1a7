"""The rules of this house that no general linter knows. Run by ``./dev lint``.

Each rule says which danger it prevents, names the right call in its message, and carries the good
and bad samples that test it. A line may be excused, with its reason::

    rate = counted / total  # kaquan-allow: float-money because this is a ratio, not money

The excuse stands on a line of the offending code, or alone on the line above. One that excuses
nothing is itself a finding.
"""
