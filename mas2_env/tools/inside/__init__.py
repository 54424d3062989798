"""What runs in the sandbox. None of it is imported by the caller: see `mas2_env.tools.sandbox`."""
