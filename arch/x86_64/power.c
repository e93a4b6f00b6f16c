// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/power.c - switching off, restarting, stopping.
 *
 * Each tries what the firmware's tables say, then what PCs and emulators have always had. What the
 * serial port still holds is sent first. None of these returns.
 */
#include <pagoda/reboot.h>
#include <pagoda/kernel.h>
#include <pagoda/printk.h>
#include <pagoda/smp.h>
#include <pagoda/uart.h>
#include <asm/acpi.h>
#include <asm/desc.h>
#include <asm/io.h>
#include <asm/irqflags.h>
#include <asm/page.h>
#include <asm/smp.h>
#include <asm/tsc.h>

#define PM1_SLP_TYP_SHIFT 10
#define PM1_SLP_EN	  (1u << 13)
#define PM1_SLP_MASK	  (15u << 10)

#define QEMU_DEBUG_EXIT_PORT 0xf4

/* The other CPUs stop, the console empties, interrupts stay off. */
static void machine_shutdown(void)
{
	local_irq_disable();
	smp_send_stop();
	uart_drain();
}

static void acpi_enter_s5(u16 port, u8 type)
{
	u16 value;

	if (!port)
		return;
	value = inw(port) & ~PM1_SLP_MASK;
	value |= (u16)(type & 7) << PM1_SLP_TYP_SHIFT;
	outw(value | PM1_SLP_EN, port);
}

static void power_off(void)
{
	if (acpi_machine.has_s5) {
		acpi_enter_s5(acpi_machine.pm1b_control_port, acpi_machine.slp_typb);
		acpi_enter_s5(acpi_machine.pm1a_control_port, acpi_machine.slp_typa);
		mdelay(10);
	}
	outw(PM1_SLP_EN, 0x604);  /* QEMU, sleep type 0 */
	outw(PM1_SLP_EN, 0xb004); /* Bochs and old QEMU */
	mdelay(10);
}

void machine_power_off(void)
{
	machine_shutdown();
	power_off();
	pr_emerg("It is now safe to turn off the computer.\n");
	stop_this_cpu();
}

static void acpi_reset(void)
{
	const struct acpi_reg *reg = &acpi_machine.reset;

	if (!reg->address)
		return;
	if (!reg->is_memory)
		outb(acpi_machine.reset_value, reg->address);
	mdelay(10);
}

/* The keyboard controller's reset line, when it is ready for a command. */
static void kbd_reset(void)
{
	for (int i = 0; i < 1000 && (inb(0x64) & 2); i++)
		io_delay();
	outb(0xfe, 0x64);
	mdelay(10);
}

/* An exception without any handler, not even for the double fault, resets a PC. */
static void triple_fault(void)
{
	struct desc_ptr none = {0, 0};

	asm volatile("lidt %0; int3" : : "m"(none));
}

void machine_restart(void)
{
	machine_shutdown();
	acpi_reset();
	outb(0x02, 0xcf9); /* full reset ... */
	io_delay();
	outb(0x06, 0xcf9); /* ... now */
	mdelay(10);
	kbd_reset();
	triple_fault();
	stop_this_cpu();
}

void machine_halt(void)
{
	machine_shutdown();
	stop_this_cpu();
}

void machine_debug_exit(unsigned char value)
{
	uart_drain();
	outb(value, QEMU_DEBUG_EXIT_PORT);
}
