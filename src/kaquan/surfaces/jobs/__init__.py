"""Where long work is done: which function does which kind of job, and the worker that runs them."""
