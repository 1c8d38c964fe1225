"""Cash: how much there is, on which account, in which currency, and how fresh the figure is."""
