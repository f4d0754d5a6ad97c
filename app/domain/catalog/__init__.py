"""The goods of the register: stores, groups, products, their pictures and variants."""
