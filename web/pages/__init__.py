"""The pages a person sees: the live board and the browsable contract."""
