"""The commands of `mas2`, one module each. They import what they need when they run."""
