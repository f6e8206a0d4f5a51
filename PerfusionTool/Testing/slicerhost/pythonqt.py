"""PythonQt's rules over PySide6.

Slicer shows Qt to Python through PythonQt: properties are attributes, signals are connected by their signature, and
an attribute that does not exist cannot be made. Here every QObject is seen through a wrapper with these rules. Where
PythonQt only prints a warning, the wrapper raises. What Slicer's own classes have is read from their headers into
widgets.json.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import weakref
from functools import cache
from pathlib import Path

import shiboken6
from PySide6 import QtCore

FACTS = json.loads(Path(__file__).with_name("widgets.json").read_text(encoding="utf-8"))
# Types that a property of a type of C++ takes, and what converts them.
TAKEN = {
    "bool": ((bool, int), bool),
    "int": ((int, float), int),
    "double": ((int, float), float),
    "QString": ((str, int, float), str),
    "QStringList": ((list, tuple), list),
}


class WrapperType(type):
    """Class of the wrapper classes: gives a Qt class its enums and static functions."""

    def __getattr__(cls, name):
        if name.startswith("_"):
            raise AttributeError(name)
        value = getattr(cls._qt_class, name)
        return wrapped_function(value) if inspect.isroutine(value) else value

    def __call__(cls, *arguments):
        if "_qt_class" not in vars(cls):
            raise NotImplementedError(f"Python subclasses of Qt classes are not made ({cls.__name__}).")
        return wrap(cls._qt_class(*unwrap(arguments)))


class Wrapper(metaclass=WrapperType):
    """What Python holds of a QObject."""

    __slots__ = ("__weakref__", "_object")
    _qt_class = QtCore.QObject

    def __bool__(self):
        return shiboken6.isValid(self._object)

    def __getattr__(self, name):
        target = living(self)
        refuse_if_not_made(target, name)
        if property_of(target, name):
            return wrap(property_of(target, name).read(target))
        if name.encode() in target.dynamicPropertyNames():
            return wrap(target.property(name))
        if hasattr(target, name) and not name.startswith("_"):
            member = getattr(target, name)
            member = getattr(member, "emit", member)  # a signal is sent by calling it
            return wrapped_function(member) if callable(member) else member
        return wrap(named_child(target, name))

    def __setattr__(self, name, value):
        target = living(self)
        refuse_if_not_made(target, name)
        if property_of(target, name):
            set_property(target, name, value)
        elif name.encode() in target.dynamicPropertyNames():
            target.setProperty(name, value)
        else:
            raise AttributeError(f"{type(self).__name__} has no property '{name}', and takes no other attributes.")

    def connect(self, signature, function):
        """Connect a signal given by its signature; a signal that does not exist raises."""
        target = living(self)
        signature = known_signature(target, signature)
        return bool(QtCore.QObject.connect(target, QtCore.SIGNAL(signature), receiver(function)))

    def disconnect(self, *_arguments):
        """Not made."""
        raise NotImplementedError("disconnect is real, but the stand-in does not make it.")

    def delete(self):
        """Delete the C++ object now."""
        shiboken6.delete(living(self))


@cache
def wrapper_class(qt_class):
    """The one wrapper class of a Qt or host class."""
    return WrapperType(qt_class.__name__, (Wrapper,), {"_qt_class": qt_class, "__slots__": ()})


def living(wrapper):
    """The QObject behind a wrapper; raises ValueError if it has been deleted."""
    if not wrapper:
        raise ValueError(f"This {type(wrapper).__name__} has been deleted.")
    return wrapper._object


def wrap(value):
    """A value from Qt as Python code of Slicer gets it: one wrapper an object, lists as tuples."""
    if isinstance(value, (list, tuple)):
        return tuple(wrap(item) for item in value)
    if not isinstance(value, QtCore.QObject):
        return value
    known = value.__dict__.get("_wrapper")
    wrapper = known() if known else None
    if wrapper is None:
        wrapper = object.__new__(wrapper_class(type(value)))
        object.__setattr__(wrapper, "_object", value)
        value.__dict__["_wrapper"] = weakref.ref(wrapper)
    return wrapper


def unwrap(value):
    """A value as PySide6 wants it."""
    if isinstance(value, Wrapper):
        return living(value)
    if isinstance(value, WrapperType):
        return value._qt_class
    if isinstance(value, (list, tuple)):
        return type(value)(unwrap(item) for item in value)
    return value


def wrapped_function(function):
    """A function of Qt that takes and gives wrappers."""
    return lambda *arguments: wrap(function(*unwrap(arguments)))


@cache
def members(name, *kinds):
    """Members of some kinds of a class of Slicer and of its bases; nothing of what their Qt base gives."""
    found = set()
    while name in FACTS:
        found.update(*(FACTS[name][kind] for kind in kinds))
        name = FACTS[name]["base"]
    return found


def refuse_if_not_made(target, name):
    """Refuse what the real class has and its stand-in lacks."""
    kind = type(target).__name__
    real = {member.split("(")[0] for member in members(kind, "properties", "signals", "methods")}
    if name in real and not (property_of(target, name) or hasattr(target, name)):
        raise NotImplementedError(f"{kind}.{name} exists in Slicer but is not made in the stand-in.")


def property_of(target, name):
    """The property that PythonQt shows under a name, if any; it hides QTimer.singleShot behind the static method."""
    meta = type(target).staticMetaObject
    place = -1 if name == "singleShot" else meta.indexOfProperty("objectName" if name == "name" else name)
    return meta.property(place) if place >= 0 else None


def set_property(target, name, value):
    """Set a property, if it can be written and the value is of its type."""
    meta = property_of(target, name)
    types, convert = TAKEN.get(meta.typeName(), (object, unwrap))
    if not (isinstance(value, types) and meta.write(target, convert(value))):
        raise AttributeError(f"{type(target).__name__}.{name} of type {meta.typeName()} does not take {value!r}.")


def named_child(target, name):
    """The child of that object name; raises AttributeError where there is none."""
    for child in target.children():
        if child.objectName() == name:
            return child
    raise AttributeError(f"{type(target).__name__} has no attribute '{name}'.")


def known_signature(target, signature):
    """Signature as Qt's meta-object knows it; raises AttributeError where the class has no such signal."""
    normal = re.sub(r"const (\w+) ?&", r"\1", signature).replace(" ", "")
    kind = type(target).__name__
    is_slicers = normal in members(kind, "signals")
    made = re.sub(r"\w+\*", "PyObject", normal) if is_slicers else normal
    if type(target).staticMetaObject.indexOfSignal(made) >= 0:
        return made
    if is_slicers:
        raise NotImplementedError(f"Signal {kind}.{normal} exists in Slicer but is not made in the stand-in.")
    raise AttributeError(f"{kind} has no signal '{signature}'.")


def receiver(function):
    """What Qt calls: as many arguments as the function declares; exceptions go to sys.excepthook, as in PythonQt."""
    code = getattr(function, "__code__", None)
    takes_all = code is None or code.co_flags & inspect.CO_VARARGS
    count = None if takes_all else code.co_argcount - inspect.ismethod(function)

    def call(*arguments):
        try:
            function(*wrap(arguments[:count]))
        except Exception:
            sys.excepthook(*sys.exc_info())

    return call
