/* SPDX-License-Identifier: MIT */
/*
 * asm/irq_vectors.h - who has which interrupt vector.
 *
 *	  0 ..  31	exceptions
 *	 32 ..  47	the two 8259s, masked: only their spurious interrupts can come
 *	 48 ..  71	IOAPIC lines: vector = FIRST_DEVICE_VECTOR + interrupt number
 *	236		local APIC timer
 *	251 .. 255	interrupts between CPUs, APIC error, spurious
 *
 * The upper four bits are the priority: the timer and what CPUs send each other go first.
 */
#ifndef _ASM_IRQ_VECTORS_H
#define _ASM_IRQ_VECTORS_H

#define FIRST_EXTERNAL_VECTOR 0x20
#define ISA_PIC_VECTOR	      0x20
#define FIRST_DEVICE_VECTOR   0x30

#define LOCAL_TIMER_VECTOR   0xec
#define CALL_FUNCTION_VECTOR 0xfc
#define RESCHEDULE_VECTOR    0xfd
#define ERROR_APIC_VECTOR    0xfe
#define SPURIOUS_APIC_VECTOR 0xff

#define NR_VECTORS 256

#define irq_to_vector(irq) (FIRST_DEVICE_VECTOR + (irq))

#endif
