"""The order in which the Tab key goes through the panel."""

from __future__ import annotations

import qt


def order_sections(sections) -> None:
    """Let Tab go from a section's header through what is in it, and from there to the next header.

    Qt goes through widgets as they were made: through all headers first, which are made with the window.

    Parameters
    ----------
    sections : sequence of ctkCollapsibleButton
        From top to bottom.
    """
    ends = [_last_inside(section) for section in sections[:-1]]
    for end, following in zip(ends, sections[1:], strict=True):
        qt.QWidget.setTabOrder(end, following)


def _last_inside(section):
    last, widget = section, section.nextInFocusChain()
    while widget != section:
        if section.isAncestorOf(widget):
            last = widget
        widget = widget.nextInFocusChain()
    return last
