# SPDX-License-Identifier: MIT
"""userfaultfd."""


def words_for(vma, address):
    """Words for the registration of an area."""
    return "not registered" if not vma["vm_userfaultfd_ctx"] else f"context {vma['vm_userfaultfd_ctx']:#x}"
