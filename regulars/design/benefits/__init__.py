"""Shelf of benefits: what a member can get, in cash (discount, coupon) or not (early access, gift), and what it costs.

A benefit is one file here that registers itself: `@benefits.add("five_off")`. Offers in messages name a benefit.
"""
