"""PythonQt's rules over PySide6.

Slicer shows Qt to Python through PythonQt: properties are attributes, signals are connected by their signature, and
an attribute that does not exist cannot be made. Here every QObject is seen through a wrapper with these rules. Where
PythonQt only prints a warning, the wrapper raises.
"""

from __future__ import annotations

import inspect
import re
import sys
import weakref
from functools import cache

import shiboken6
from PySide6 import QtCore

from . import facts

QObject = QtCore.QObject
ACCEPTED = {
    "bool": (bool, int),
    "int": (int, float),
    "double": (int, float),
    "QString": (str, int, float),
    "QStringList": (list, tuple),
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
    _qt_class = QObject

    def __bool__(self):
        return shiboken6.isValid(self._object)

    def __repr__(self):
        return f"{type(self).__name__} (stand-in)"

    def __getattr__(self, name):
        target = living(self)
        check_is_made(target, name)
        if has_property(target, name):
            return wrap(target.property(property_name(name)))
        if signal_signature(target, name):
            return Signal(target, name)
        member = getattr(target, "exec" if name == "exec_" else name, None)
        if callable(member) and not name.startswith("_"):
            return wrapped_function(member)
        return other_attribute(target, name)

    def __setattr__(self, name, value):
        target = living(self)
        check_is_made(target, name)
        if has_property(target, name):
            set_property(target, property_name(name), value)
        elif name.encode() in target.dynamicPropertyNames():
            target.setProperty(name, value)
        else:
            raise AttributeError(
                f"{type(self).__name__} has no property '{name}', and attributes cannot be added to it."
            )

    def connect(self, signature, function):
        """Connect a signal given by its signature; a signal that does not exist raises."""
        return connect(living(self), known_signature(living(self), signature), function)

    def disconnect(self, signature, function=None):
        """Undo `connect`; without a function, all connections of the signal."""
        return disconnect(living(self), known_signature(living(self), signature), function)

    def className(self):  # noqa: N802
        """Name of the C++ class."""
        return type(living(self)).__name__

    def delete(self):
        """Delete the C++ object now."""
        shiboken6.delete(living(self))


class Signal:
    """A signal reached as an attribute: its first overload."""

    def __init__(self, target, name):
        self._target, self._name = target, name

    def connect(self, function):
        """Connect a function."""
        return connect(self._target, signal_signature(self._target, self._name), function)

    def disconnect(self, function=None):
        """Undo `connect`."""
        return disconnect(self._target, signal_signature(self._target, self._name), function)

    def emit(self, *arguments):
        """Send the signal."""
        getattr(self._target, self._name).emit(*unwrap(arguments))

    __call__ = emit


@cache
def wrapper_class(qt_class):
    """The one wrapper class of a Qt or host class."""
    return WrapperType(qt_class.__name__, (Wrapper,), {"_qt_class": qt_class, "__slots__": ()})


def living(wrapper):
    """The QObject behind a wrapper; raises ValueError if it has been deleted."""
    if not shiboken6.isValid(wrapper._object):
        raise ValueError(f"This {type(wrapper).__name__} has been deleted.")
    return wrapper._object


def wrap(value):
    """A value from Qt as Python code of Slicer gets it: one wrapper an object, lists as tuples."""
    if isinstance(value, (list, tuple)):
        return tuple(wrap(item) for item in value)
    if not isinstance(value, QObject):
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

    def call(*arguments):
        return wrap(function(*unwrap(arguments)))

    call.__name__ = getattr(function, "__name__", "call")
    return call


def check_is_made(target, name):
    """Refuse what the real class has and its stand-in lacks."""
    kind = type(target).__name__
    if name in facts.members(kind) and not (has_property(target, name) or hasattr(target, name)):
        raise NotImplementedError(f"{kind}.{name} exists in Slicer but is not made in the stand-in.")


def meta_of(target):
    """The meta-object of the class; the one that an object gives dies with the object."""
    return type(target).staticMetaObject


def property_name(name):
    """PythonQt shows objectName as name, too."""
    return "objectName" if name == "name" else name


def has_property(target, name):
    """Whether PythonQt shows a Qt property of this name; QTimer.singleShot it hides behind the static method."""
    if name == "singleShot":
        return False
    return meta_of(target).indexOfProperty(property_name(name)) >= 0


def set_property(target, name, value):
    """Set a property after checking the type of the value."""
    meta = meta_of(target).property(meta_of(target).indexOfProperty(name))
    kind = meta.typeName()
    title = f"{type(target).__name__}.{name}"
    if not meta.isWritable():
        raise AttributeError(f"Property {title} cannot be written.")
    if not isinstance(value, ACCEPTED.get(kind, object)):
        raise AttributeError(f"Property {title} of type {kind} does not take {value!r}.")
    convert = {"int": int, "QString": str, "QStringList": list}.get(kind, unwrap)
    if not meta.write(target, convert(value)):
        raise AttributeError(f"Property {title} of type {kind} does not take {value!r}.")


def other_attribute(target, name):
    """Dynamic properties and named children."""
    if name.encode() in target.dynamicPropertyNames():
        return wrap(target.property(name))
    if hasattr(target, name) and not name.startswith("_"):
        return getattr(target, name)
    return wrap(named_child(target, name))


def named_child(target, name):
    """The child of that object name; raises AttributeError where there is none."""
    for child in target.children():
        if child.objectName() == name:
            return child
    raise AttributeError(f"{type(target).__name__} has no attribute '{name}'.")


def signal_signature(target, name):
    """Signature of the first signal with this name, None where there is none."""
    return first_signals(type(target)).get(name)


@cache
def first_signals(qt_class):
    """Signal name to the signature of its first overload."""
    meta, found = qt_class.staticMetaObject, {}
    for method in (meta.method(i) for i in range(meta.methodCount())):
        if method.methodType() == QtCore.QMetaMethod.MethodType.Signal:
            found.setdefault(bytes(method.name()).decode(), bytes(method.methodSignature()).decode())
    return found


def known_signature(target, signature):
    """Signature as Qt's meta-object knows it; raises AttributeError where the class has no such signal."""
    normal = re.sub(r"const (\w+) ?&", r"\1", signature).replace(" ", "")
    kind = type(target).__name__
    own = facts.signals(kind)
    made = re.sub(r"\w+\*", "PyObject", normal) if normal in own else normal
    if meta_of(target).indexOfSignal(made) >= 0:
        return made
    if normal in own:
        raise NotImplementedError(f"Signal {kind}.{normal} exists in Slicer but is not made in the stand-in.")
    raise AttributeError(f"{kind} has no signal '{signature}'.")


def connect(target, signature, function):
    """Connect so that the function gets as many arguments as it declares."""
    if not callable(function):
        raise TypeError(f"{function!r} cannot be called.")
    connection = QObject.connect(target, QtCore.SIGNAL(signature), receiver(function))
    target.__dict__.setdefault("_connections", []).append((signature, function, connection))
    return bool(connection)


def disconnect(target, signature, function):
    """Undo the connections of a signal with a function (None: with all functions)."""
    made = target.__dict__.get("_connections", [])
    undone = [entry for entry in made if entry[0] == signature and function in (None, entry[1])]
    for entry in undone:
        QObject.disconnect(entry[2])
        made.remove(entry)
    return bool(undone)


def receiver(function):
    """What Qt calls: cuts the arguments, and hands exceptions to sys.excepthook as PythonQt does."""
    count = declared_arguments(function)

    def call(*arguments):
        try:
            function(*(wrap(argument) for argument in arguments[:count]))
        except Exception:
            sys.excepthook(*sys.exc_info())

    return call


def declared_arguments(function):
    """Number of positional arguments that a function declares, None for any number."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & inspect.CO_VARARGS:
        return None
    return code.co_argcount - (1 if inspect.ismethod(function) else 0)
