"""Widgets that say why they cannot be used."""

from __future__ import annotations


def allow(widget, tool_tip: str, reason: str = "") -> None:
    """Enable a widget, or disable it and say why in its tool tip.

    Parameters
    ----------
    widget : QWidget
    tool_tip : str
        What it does.
    reason : str
        Why it cannot be used, with what to do; "" where it can.
    """
    widget.enabled = not reason
    widget.toolTip = f"{reason}\n{tool_tip}" if reason else tool_tip
