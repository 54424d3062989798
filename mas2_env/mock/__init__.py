"""A scripted server that speaks the OpenAI protocol: for tests and load tests of whatever calls one.

`scenario.Scenario` says what it does, `server.Mock` does it, and `mas2 serve-mock` is the command.
"""
