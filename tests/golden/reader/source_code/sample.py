"""Turns pulses into millimetres."""
import math


MILLILITRES_PER_TIP = 4.7
AREA = 0.96


def drip(tips):

    if tips < 0:
        raise ValueError("backwards")

    return tips * MILLILITRES_PER_TIP / 1000 / AREA


class Harp:
    """雾琴"""

    strings = 320

    def is_blocked(self):
        return False

    def name(self):
        return "harp"
