"""M = ⟨R, P, T, B⟩ as data."""
