"""Dialogs that answer from a queue, so that no test waits for a person."""

from __future__ import annotations

from PySide6 import QtWidgets

answers: list = []


def ask(kind, arguments):
    """The next answer set for a dialog; a dialog that nobody expects raises."""
    if not answers:
        raise RuntimeError(f"{kind} was opened and slicerhost.dialogs.answers is empty: {arguments[1:3]}")
    return answers.pop(0)


def asking(base, functions):
    """The dialog class of Qt with its static functions answered from the queue."""
    name = base.__name__

    def answering(function):
        return staticmethod(lambda *arguments: ask(f"{name}.{function}", arguments))

    return type(name, (base,), {function: answering(function) for function in functions.split()})


QFileDialog = asking(
    QtWidgets.QFileDialog, "getOpenFileName getSaveFileName getExistingDirectory getOpenFileNames exec"
)
QInputDialog = asking(QtWidgets.QInputDialog, "getText getInt getDouble getItem exec")
QMessageBox = asking(QtWidgets.QMessageBox, "question information warning critical about exec")
DIALOGS = QFileDialog, QInputDialog, QMessageBox
