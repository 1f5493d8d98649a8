"""Whether a plugin keeps the contract, beyond what loading it already refuses."""
