// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/i8259.c - the two old interrupt controllers, put out of the way.
 *
 * Firmware leaves them unmasked with the timer on vector 8, which is the double fault. They are
 * moved to vectors of their own, for a spurious interrupt may come even from a masked one, and
 * masked for good: devices interrupt through the IOAPIC.
 */
#include <asm/apic.h>
#include <asm/io.h>
#include <asm/irq_vectors.h>

#define PIC_MASTER_CMD 0x20
#define PIC_MASTER_IMR 0x21
#define PIC_SLAVE_CMD  0xa0
#define PIC_SLAVE_IMR  0xa1

#define ICW1_INIT      0x11 /* edge triggered, cascaded, ICW4 follows */
#define ICW3_MASTER    0x04 /* the slave hangs on line 2 */
#define ICW3_SLAVE     0x02
#define ICW4_8086_AEOI 0x03 /* 8086 mode, ends interrupts by itself */

static void pic_out(u8 value, u16 port)
{
	outb(value, port);
	io_delay();
}

void init_8259A(void)
{
	pic_out(0xff, PIC_MASTER_IMR);
	pic_out(0xff, PIC_SLAVE_IMR);

	pic_out(ICW1_INIT, PIC_MASTER_CMD);
	pic_out(ISA_PIC_VECTOR, PIC_MASTER_IMR);
	pic_out(ICW3_MASTER, PIC_MASTER_IMR);
	pic_out(ICW4_8086_AEOI, PIC_MASTER_IMR);

	pic_out(ICW1_INIT, PIC_SLAVE_CMD);
	pic_out(ISA_PIC_VECTOR + 8, PIC_SLAVE_IMR);
	pic_out(ICW3_SLAVE, PIC_SLAVE_IMR);
	pic_out(ICW4_8086_AEOI, PIC_SLAVE_IMR);

	pic_out(0xff, PIC_MASTER_IMR);
	pic_out(0xff, PIC_SLAVE_IMR);
}
