"""The tests of Laurel.

By what they need: `unit` nothing, `integration`, `web` and `workers` the stores, `e2e` the whole
stack. `resilience` tests the product under faults; `rig`, `bench`, `faults`, `local` and
`devtools` test the packages of the same name. `guards` hold rules about the code.
"""
