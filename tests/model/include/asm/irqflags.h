/* SPDX-License-Identifier: MIT */
/*
 * asm/irqflags.h of the model - an interrupt flag that is only remembered: nothing interrupts.
 */
#ifndef _ASM_IRQFLAGS_H
#define _ASM_IRQFLAGS_H

#include <pagoda/types.h>

extern bool model_irqs_off; /* tests/model/shims.c */

#define local_irq_disable() ((void)(model_irqs_off = true))
#define local_irq_enable()  ((void)(model_irqs_off = false))
#define irqs_disabled()	    (model_irqs_off)

#define local_irq_save(flags)                                                                      \
	do {                                                                                       \
		(flags) = model_irqs_off;                                                          \
		model_irqs_off = true;                                                             \
	} while (0)
#define local_irq_restore(flags) ((void)(model_irqs_off = (flags)))

#endif
