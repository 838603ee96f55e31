"""The panel in which methods are compared on a data set, and its results looked at film by film."""
