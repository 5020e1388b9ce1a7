"""Analysis (分析): counters and reports; reads only."""
