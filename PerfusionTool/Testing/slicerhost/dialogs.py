"""Dialogs that answer from a queue, so that no test waits for a person."""

from __future__ import annotations

from PySide6 import QtWidgets

answers: list = []


def asking(base, *functions):
    """The dialog class of Qt with its static functions answered from the queue."""

    def answering(function):
        def answer(*arguments):
            if not answers:
                raise RuntimeError(f"{function} was called and slicerhost.dialogs.answers is empty: {arguments[1:3]}")
            return answers.pop(0)

        return staticmethod(answer)

    return type(base.__name__, (base,), {function: answering(function) for function in functions})


DIALOGS = (
    asking(QtWidgets.QFileDialog, "getOpenFileName", "getSaveFileName", "getExistingDirectory", "exec"),
    asking(QtWidgets.QInputDialog, "getText", "getInt", "getDouble", "getItem", "exec"),
    asking(QtWidgets.QMessageBox, "question", "information", "warning", "critical", "exec"),
)
