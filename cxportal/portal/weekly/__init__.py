"""The weekly status board by email: what it says, who gets it when, how it goes out."""
