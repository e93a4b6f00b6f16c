# SPDX-License-Identifier: MIT
"""userfaultfd: `pg uffd` shows contexts, what they watch, and the tasks that wait for their monitors."""

from . import kernel, mm, slab, source, tasks, words
from .command import Command, at_most

CONTEXT, REQUEST = "struct userfaultfd_ctx", "struct userfaultfd_request"
UAPI = "include/uapi/userfaultfd.h"
LISTS = (("pending", "not yet read"), ("read", "read, not yet resolved"), ("events", "event, not yet read"))
MODES = ("MISSING", "WP", "MINOR")


def contexts():
    """All contexts."""
    cache = next((one for one in slab.caches() if one.text("name") == "userfaultfd_ctx"), None)
    for where, out in slab.objects(cache) if cache else ():
        if out:
            yield kernel.Struct(where, CONTEXT)


def requests(context):
    """(request, what it waits for) of all that wait."""
    for name, said in LISTS:
        for request in kernel.entries(context.at(name), REQUEST, "node"):
            yield request, said


def modes(vma):
    """How an area is watched."""
    return " ".join(name.lower() for name in MODES if vma["vm_flags"] & words.vm_bit("UFFD_" + name))


def request_words(request, said):
    """A request in words."""
    names = {number: name for name, number in source.constants(UAPI, "UFFD_EVENT_").items()}
    event = names.get(request["msg.event"], str(request["msg.event"])).lower()
    who = tasks.name(request.go("task", tasks.TASK))
    if event == "pagefault":
        flags = words.flags(request["msg.arg.pagefault.flags"], source.constants(UAPI, "UFFD_PAGEFAULT_FLAG_"), "read")
        return f"{who} waits: fault ({flags}) at {request['msg.arg.pagefault.address']:#x}, {said}"
    return f"{who} waits: {event}, {said}"


def words_for(vma, address):
    """Words for an address in an area: its context, and who waits there."""
    context = vma.go("vm_userfaultfd_ctx", CONTEXT)
    if context is None:
        return "not registered"
    waiting = [
        tasks.name(request.go("task", tasks.TASK))
        for request, _ in requests(context)
        if request["msg.arg.pagefault.address"] >> 12 == address >> 12
    ]
    said = f"; {', '.join(waiting)} waits for this page" if waiting else ""
    return f"context {context.address:#x} watches: {modes(vma)}{said}"


class Uffd(Command):
    """pg uffd: the userfaultfds: their features, the areas that they watch, and the tasks that wait for their monitors."""

    NAME = "uffd"

    def show(self, argv):
        at_most(argv, 0, "pg uffd")
        used_by, count = mm.owners(), 0
        features = source.constants(UAPI, "UFFD_FEATURE_")
        for context in contexts():
            count += 1
            space = context.go("mm", mm.MM)
            bits = context["features"] & 0x7FFFFFFF
            print(
                f"context {context.address:#x} of {mm.label(space, used_by)}, {context['refcount.refs.counter']} references"
            )
            print(f"  {'features ' + words.flags(bits, features) if context['features'] else 'no handshake yet'}")
            if context["released"]:
                print("  its file is closed")
            if context["mmap_changing.counter"]:
                print(f"  {context['mmap_changing.counter']} changes of the layout that its monitor has not heard of")
            for vma in mm.areas(space) if space["mm_users.counter"] else ():
                if vma["vm_userfaultfd_ctx"] == context.address:
                    print(f"  {modes(vma)}: {mm.area_line(space, vma)}")
            for request, said in requests(context):
                print("  " + request_words(request, said))
        print(words.many(count, "userfaultfd"))
