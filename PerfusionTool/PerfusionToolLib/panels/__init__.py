"""Qt: one panel a step of the work; what the panels do is done by the scene's study."""
