# SPDX-License-Identifier: MIT
#
# First on PYTHONPATH under a fence: loads ringfence-objects.dll, which lets Python use the
# private directories and the pipes that it makes for itself, and then makes way for the
# sitecustomize that would have been found without this one.  For Python 2.7 and 3.


def _load(library):
    # The import system is the cheapest loader there is.  That the library is no module of
    # Python's it finds out when it has been loaded, and it stays.
    try:
        from importlib.machinery import ExtensionFileLoader, ModuleSpec
    except ImportError:
        import imp
        imp.load_dynamic('ringfence_objects', library)
    else:
        loader = ExtensionFileLoader('ringfence_objects', library)
        loader.create_module(ModuleSpec('ringfence_objects', loader, origin=library))


def _forget(here):
    # Takes this directory off sys.path; False when it is not there, and an import would
    # find this file again.
    import os
    import sys

    def plain(path):
        return os.path.normcase(os.path.abspath(path))

    ours = [p for p in sys.path if p and plain(p) == plain(here)]
    sys.path[:] = [p for p in sys.path if p not in ours]
    return bool(ours)


def _make_way():
    # The next one runs in our place: its errors, and its absence, are as without us.
    import os
    import sys

    here = os.path.dirname(__file__)
    try:
        _load(os.path.join(os.path.dirname(here), 'ringfence-objects.dll'))
    except Exception:
        pass  # another architecture, or not Windows: then all is as without it
    if _forget(here):
        ours = sys.modules.pop(__name__)  # alive until the other one is there
        import sitecustomize
        return ours


_make_way()
