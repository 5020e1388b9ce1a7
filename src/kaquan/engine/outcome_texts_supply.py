"""The words of answers about what batches and budgets are set up with; ``outcome_texts`` has those
of all others."""

from __future__ import annotations

from kaquan.engine.outcomes import OutcomeCode as Code

SUPPLY_TEXTS: dict[Code, tuple[tuple[str, str], tuple[str, str]]] = {
    Code.BATCH_EXISTS: (
        ("批次编号已被使用，请换一个编号", "The batch exists already: choose another number"),
        ("", ""),
    ),
    Code.BUDGET_UNKNOWN: (
        ("没有这个预算，请核对编号", "There is no such budget: check its number"),
        ("", ""),
    ),
    Code.BUDGET_EXISTS: (
        ("预算编号已被使用，请换一个编号", "The budget exists already: choose another number"),
        ("", ""),
    ),
    Code.BUDGET_CHANGED: (
        (
            "预算总额已被他人更改，请刷新后再改",
            "The budget was changed meanwhile: look again, then change it",
        ),
        ("现为 {total_fen}", "it is {total_fen} now"),
    ),
    Code.TERMS_NOT_BETTER: (
        (
            "新规则对已发出的券不全是更优，请改回不利的各项，或为今后发放的券发布新版本",
            (
                "Not all of the new terms are better for issued vouchers: put back what is not, or "
                "publish a new version for vouchers issued from now on"
            ),
        ),
        ("不符：{faults}", "against it: {faults}"),
    ),
    Code.TERMS_CHANGED: (
        (
            "这批券的规则已被他人更改，请刷新后再改",
            "The terms of these vouchers were changed meanwhile: look again, then change them",
        ),
        ("现为第 {terms_version} 次更改", "they are at revision {terms_version}"),
    ),
}
