"""Amounts as vendors write them, as exact decimal text in the currency's own unit. Pure; no float is ever made.

A message carries an amount as text: "15.00" of dollars, "1500" of yen. What `collect.cents` makes of it is exact.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from regulars.collect.errors import DeliveryUnreadable

# Digits behind the point of the currencies that have other than two (ISO 4217).
DIGITS = {
    currency: digits
    for digits, currencies in {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    }.items()
    for currency in currencies.split()
}
USUAL_DIGITS = 2
# Longer is no amount; reading it would be slow.
AMOUNT_MAX_CHARACTERS = 40
AMOUNT_MAX = Decimal(10) ** 15


def decimal(value: object) -> Decimal:
    """The amount a payload holds: text, a whole number or a Decimal. Raises DeliveryUnreadable, also for a float."""
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise InvalidOperation
        text = str(value).strip()
        number = Decimal(text) if len(text) <= AMOUNT_MAX_CHARACTERS else Decimal("nan")
        # Compared with NaN or by an exponent out of reach, it raises; infinity is above.
        if abs(number) > AMOUNT_MAX:
            raise InvalidOperation
    except ArithmeticError:
        raise DeliveryUnreadable(
            "An amount cannot be read", "Look at the delivery; amounts are whole numbers or text like 19.90"
        ) from None
    return number


def text(value: object, currency: str) -> str:
    """19.9 of USD as 19.90, 1500.00 of JPY as 1500. Raises DeliveryUnreadable for what is finer than the currency."""
    number = decimal(value)
    exact = number.quantize(unit(currency))
    if exact != number:
        raise DeliveryUnreadable(
            f"An amount is finer than {currency} goes", "Send whole minor units: cents of dollars, yen of yen"
        )
    return f"{abs(exact) if exact == 0 else exact:f}"


def rounded(value: Decimal, currency: str) -> str:
    """A computed amount to the nearest minor unit; a half goes to the even one."""
    return text(value.quantize(unit(currency)), currency)


def of_minor(value: object, currency: str) -> str:
    """1500 minor units as text: 15.00 of USD, 1500 of JPY, 1.500 of BHD."""
    number = decimal(value)
    if number != number.to_integral_value():
        raise DeliveryUnreadable("A number of minor units is not whole", "Send cents, not dollars")
    return text(number * unit(currency), currency)


def unit(currency: str) -> Decimal:
    """The smallest amount of a currency."""
    return Decimal(1).scaleb(-DIGITS.get(currency.upper(), USUAL_DIGITS))
