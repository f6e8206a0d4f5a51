"""Typed access to a parameter node, for bool, int, float, str, MRML nodes and Optional[…] of these.

Names and texts in the node are those of the application, so that a scene saved by one opens with the other.
"""

from __future__ import annotations

import typing
import weakref

import slicer
import vtk

OF_NODE = ("AddObserver", "EndModify", "Modified", "RemoveObserver", "StartModify")
NOT_MADE = (
    "allParameters", "connectGui", "connectParametersToGui", "dataType", "default", "disconnectGui", "getValue",
    "isCached", "setValue", "updateGUIFromParameterNode",
)  # fmt: skip


class _Parameter:
    """One field, as a property of the class. One that may be None is written as name.0, None itself as name.1."""

    def __init__(self, name, annotation, default):
        self.kind, *rest = typing.get_args(annotation) or (annotation,)
        self.optional = rest == [type(None)]
        self.is_node = isinstance(self.kind, type) and issubclass(self.kind, slicer.vtkMRMLNode)
        if (rest and not self.optional) or not (self.is_node or self.kind in (bool, int, float, str)):
            raise NotImplementedError(f"The stand-in makes no parameters of type {annotation}.")
        self.name, self.key = name, f"{name}.0" if self.optional else name
        self.default = self.kind() if default is None and not (self.optional or self.is_node) else default

    def __get__(self, wrapper, _owner=None):
        return self if wrapper is None else wrapper._values[self.name]

    def __set__(self, wrapper, value):
        with slicer.util.NodeModify(wrapper.parameterNode):
            self.write(wrapper.parameterNode, value)
            wrapper._values[self.name] = self.read(wrapper.parameterNode)

    def read(self, node):
        """The value in the node, into which the default is written where there is none."""
        if not (node.HasParameter(self.key) or node.HasParameter(f"{self.name}.1")):
            self.write(node, self.default)
        if self.is_node:
            return node.GetNodeReference(self.key)
        text = node.GetParameter(self.key)
        if self.kind is bool:
            return text == "True"
        return self.kind(text) if node.HasParameter(self.key) else None

    def write(self, node, value):
        """Put a value into the node, if it is of the type."""
        self._check(value)
        if self.optional:
            for key in (self.key, f"{self.name}.1"):
                node.UnsetParameter(key)
        if self.optional and value is None:
            node.SetParameter(f"{self.name}.1", "True")
            return
        node.SetParameter(self.key, "" if self.is_node else str(value))
        if self.is_node:
            node.SetNodeReferenceID(self.key, None if value is None else value.GetID())

    def _check(self, value):
        if value is None and not (self.optional or self.is_node):
            raise ValueError(f"{self.name} must not be None.")
        kinds = (int, float) if self.kind is float else (self.kind,)
        # The application tells the members of a union apart by the exact type.
        fits = type(value) in kinds if self.optional and not self.is_node else isinstance(value, kinds)
        if value is not None and not fits:
            raise TypeError(f"{self.name} must be of type {self.kind.__name__}, but it is {value!r}.")


class _Wrapper:
    """What every decorated class can do. Values are those last read, read again when the node says it was modified."""

    def __init__(self, parameterNode):
        self.parameterNode = parameterNode
        _read_all(self)
        this = weakref.ref(self)  # an observer that held the wrapper would keep it alive
        self._tag = parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: _read_all(this()))

    def __del__(self):
        if hasattr(self, "_tag"):
            self.parameterNode.RemoveObserver(self._tag)

    def __getattr__(self, name):
        if name in NOT_MADE:
            raise NotImplementedError(f"{name} is real, but the stand-in does not make it.")
        if name in OF_NODE:
            return getattr(self.parameterNode, name)
        raise AttributeError(f"{type(self).__name__} has no attribute '{name}'")


def _read_all(wrapper):
    node = wrapper.parameterNode
    wrapper._values = {name: getattr(type(wrapper), name).read(node) for name in wrapper._names}


def parameterNodeWrapper(classtype=None):
    """Class decorator, with or without parentheses; an instance is made with its vtkMRMLScriptedModuleNode."""
    if classtype is None:
        return parameterNodeWrapper
    kinds = typing.get_type_hints(classtype)
    reserved = kinds.keys() & {"parameterNode", *OF_NODE, *NOT_MADE}
    if reserved:
        raise ValueError(f"Cannot use reserved name '{reserved.pop()}' in a parameterNodeWrapper")
    fields = {name: _Parameter(name, kind, getattr(classtype, name, None)) for name, kind in kinds.items()}
    members = {"__doc__": classtype.__doc__, "__module__": classtype.__module__, "_names": tuple(fields), **fields}
    return type(classtype.__name__, (_Wrapper, classtype), members)
