"""The wallet: pages that customers open on their phones, in WeChat's browser or any other."""
