"""The hostile corpus: wheels that a publisher would make who wants more of a machine than an import.

Each attack is a function whose docstring is a sentence about it, under `stopped_by`, which names the rule that refuses
it. The files hold one room of attacks each, `corpus` has them all, `world` runs safepip and plain pip on one, and
`python -m hostile`, started in `tests/`, writes down what pip does (`golden/hostile-pip.toml`).

Everything is an imitation: where a real one would run code, these import a module that does not exist or set a name.
"""
