"""How fast soundsweep is, against what one would otherwise type; nothing imports this package."""
