"""A cell over a structure: parameters, forward and backward step."""
