"""Typed access to a parameter node, for bool, int, float, str, MRML nodes and Optional[…] of these.

Names and texts in the node are those of the application, so that a scene saved by one opens with the other.
"""

# ruff: noqa: N802, N803 - the application's own names

from __future__ import annotations

import typing
import weakref

import slicer
import vtk

__all__ = ["Default", "isParameterNodeWrapper", "parameterNodeWrapper"]


class Default:
    """Default value of a parameter."""

    def __init__(self, value=None):
        self.value = value


class _Parameter:
    """One field. A field that may be None is written as name.0, None itself as name.1."""

    def __init__(self, name, annotation, classtype):
        self.unalteredType = annotation
        self._kind, *rest = typing.get_args(annotation) or (annotation,)
        self._optional = rest == [type(None)]
        self._is_node = isinstance(self._kind, type) and issubclass(self._kind, slicer.vtkMRMLNode)
        if (rest and not self._optional) or not (self._is_node or self._kind in (bool, int, float, str)):
            raise NotImplementedError(f"The stand-in makes no parameters of type {annotation}.")
        self._key, self._none_key = (f"{name}.0", f"{name}.1") if self._optional else (name, None)
        self.default = Default(getattr(classtype, name, None if self._optional or self._is_node else self._kind()))

    def is_in(self, node):
        return node.HasParameter(self._key) or (self._optional and node.HasParameter(self._none_key))

    def read(self, node):
        if not self.is_in(node):
            self.write(node, self.default.value)
        if self._is_node:
            return node.GetNodeReference(self._key)
        if not node.HasParameter(self._key):
            return None
        text = node.GetParameter(self._key)
        return text == "True" if self._kind is bool else self._kind(text)

    def write(self, node, value):
        self._check(value)
        if self._optional:
            self._remove(node)
        if self._optional and value is None:
            node.SetParameter(self._none_key, "True")
            return
        node.SetParameter(self._key, "" if self._is_node else str(value))
        if self._is_node:
            node.SetNodeReferenceID(self._key, None if value is None else value.GetID())

    def _remove(self, node):
        node.UnsetParameter(self._key)
        node.UnsetParameter(self._none_key)
        if self._is_node:
            node.RemoveNodeReferenceIDs(self._key)

    def _check(self, value):
        if value is None:
            if not (self._optional or self._is_node):
                raise ValueError("Value must not be None")
            return
        fits = isinstance(value, (int, float) if self._kind is float else self._kind)
        # The application tells the members of a union apart by the exact type.
        exact = self._is_node or type(value) in ((int, float) if self._kind is float else (self._kind,))
        if not fits or (self._optional and not exact):
            raise TypeError(f"Value must be of type {self.unalteredType}, but it is {value!r}.")


class _Wrapper:
    """What every decorated class can do. Values are those last read, read again when the node says it was modified."""

    def __init__(self, parameterNode, prefix=None):
        if prefix:
            raise NotImplementedError("The stand-in makes no prefixed parameters.")
        self.parameterNode = parameterNode
        for parameter in self.allParameters.values():
            if not parameter.is_in(parameterNode):
                parameter.write(parameterNode, parameter.default.value)
        _read_all(self)
        this = weakref.ref(self)  # an observer that held the wrapper would keep it alive
        self._tag = parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: _read_all(this()))

    def __del__(self):
        if hasattr(self, "_tag"):
            self.parameterNode.RemoveObserver(self._tag)

    def getValue(self, name):
        _known(self, name)
        return self._values[name]

    def setValue(self, name, value):
        parameter = _known(self, name)
        with slicer.util.NodeModify(self.parameterNode):
            parameter.write(self.parameterNode, value)
            self._values[name] = parameter.read(self.parameterNode)

    def default(self, name):
        return _known(self, name).default

    @classmethod
    def dataType(cls, name):
        return _known(cls, name).unalteredType

    def connectGui(self, gui):
        raise NotImplementedError("connectGui is real, but the stand-in does not make it.")

    def StartModify(self):
        return self.parameterNode.StartModify()

    def EndModify(self, wasModified):
        return self.parameterNode.EndModify(wasModified)

    def AddObserver(self, event, callback, priority=0.0):
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag):
        return self.parameterNode.RemoveObserver(tag)

    def Modified(self):
        return self.parameterNode.Modified()


def _read_all(wrapper):
    node = wrapper.parameterNode
    wrapper._values = {name: parameter.read(node) for name, parameter in wrapper.allParameters.items()}


def _known(wrapper, name):
    if name not in wrapper.allParameters:
        raise ValueError(f"Cannot find a param with the given name: {name}")
    return wrapper.allParameters[name]


def parameterNodeWrapper(classtype=None):
    """Class decorator, with or without parentheses; an instance is made with its vtkMRMLScriptedModuleNode."""
    if classtype is None:
        return parameterNodeWrapper
    kinds = typing.get_type_hints(classtype, include_extras=True)
    parameters = {name: _Parameter(name, kind, classtype) for name, kind in kinds.items()}
    members = {"allParameters": parameters, **vars(_Wrapper)}
    reserved = [name for name in members if not name.startswith("_") and hasattr(classtype, name)]
    if reserved:
        raise ValueError(f"Cannot use reserved name '{reserved[0]}' in a parameterNodeWrapper")
    for name, member in members.items():
        if name in ("__init__", "__del__") or not name.startswith("_"):
            setattr(classtype, name, member)
    for name in parameters:
        setattr(classtype, name, property(*_access(name)))
    classtype._is_parameter_node_wrapper = True
    return classtype


def _access(name):
    return lambda self: self.getValue(name), lambda self, value: self.setValue(name, value)


def isParameterNodeWrapper(classOrObj):
    return getattr(classOrObj, "_is_parameter_node_wrapper", False)
