// SPDX-License-Identifier: MIT
/*
 * kernel/drivers/driver_init.c - brings up the devices that programs see, by name and in order.
 *
 * Called once by the first thread, before the initramfs is unpacked. Only /dev must be there before
 * the drivers: they put their nodes into it.
 */
#include <pagoda/devtmpfs.h>
#include <pagoda/init.h>
#include <pagoda/mem.h>
#include <pagoda/proc_fs.h>
#include <pagoda/serial.h>
#include <pagoda/tty.h>
#include <pagoda/types.h>
#include <pagoda/userfaultfd_k.h>
#include <uapi/stat.h>

void driver_init(void)
{
	devtmpfs_init();
	mem_devices_init();
	tty_init();
	devtmpfs_create_node("tty", S_IFCHR | 0666, MKDEV(5, 0));
	devtmpfs_create_node("console", S_IFCHR | 0600, MKDEV(5, 1));
	serial_tty_init();
	devtmpfs_create_node("ttyS0", S_IFCHR | 0600, MKDEV(4, 64));
	userfaultfd_device_init();
	proc_root_init();
}
