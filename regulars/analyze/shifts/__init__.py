"""Shifts of activity: weekly series whose level changed, and customers who left their own rhythm."""

from regulars.analyze.shifts.breaks import Break, Pulse, find_breaks, pulse, recent
from regulars.analyze.shifts.chance import FALSE_ALARM_RATE
from regulars.analyze.shifts.look import Look, Shift, acknowledge, is_due, judge, look, looks, shift, shifts
from regulars.analyze.shifts.rehearsal import bursts, false_alarm, segment_false_alarm, silences
from regulars.analyze.shifts.rhythm import BUSY_RATE, MIN_ORDER_DAYS, QUIET_RATE
from regulars.analyze.shifts.series import series

__all__ = [
    "BUSY_RATE",
    "FALSE_ALARM_RATE",
    "MIN_ORDER_DAYS",
    "QUIET_RATE",
    "Break",
    "Look",
    "Pulse",
    "Shift",
    "acknowledge",
    "bursts",
    "false_alarm",
    "find_breaks",
    "is_due",
    "judge",
    "look",
    "looks",
    "pulse",
    "recent",
    "segment_false_alarm",
    "series",
    "shift",
    "shifts",
    "silences",
]
