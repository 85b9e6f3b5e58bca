"""Turns the pulses of a harp collector into millimetres of fog drip.

A harp collector catches fog on vertical strings. The water runs into a tipping bucket, and every tip closes a switch
once. This module is what the logger in the loft runs every ten minutes.
"""

MILLILITRES_PER_TIP = 4.7  # measured with a syringe in May 2025; it was 5.0 before the bucket was cleaned
HARP_AREA_M2 = 0.96        # 320 strings, each one metre long


def fog_drip_mm(tips: int) -> float:
    """Returns fog drip in millimetres, that is litres per square metre of harp."""
    if tips < 0:
        raise ValueError("a bucket cannot tip backwards")
    litres = tips * MILLILITRES_PER_TIP / 1000.0
    return litres / HARP_AREA_M2


def is_blocked(tips_ridge: int, tips_saddle: int) -> bool:
    """True if one harp is wet and the other is dry for so long that a leaf must be stuck in the funnel."""
    return max(tips_ridge, tips_saddle) > 50 and min(tips_ridge, tips_saddle) == 0
