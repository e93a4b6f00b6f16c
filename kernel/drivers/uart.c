// SPDX-License-Identifier: MIT
/*
 * kernel/drivers/uart.c - the 16550 serial port COM1.
 *
 *	printk ------> uart_console_write ----- polled ------+
 *	                                                     v
 *	tty write ---> uart_write ---> tx ring --- irq ---> [THR]
 *	tty input <--- rx handler <--------------- irq ---- [RBR]
 *
 * Output by the tty goes through a ring that the transmit interrupt empties; the log is written
 * polled, at once, so that it comes out even when the machine is about to stop. Before
 * uart_init(), and when no interrupt could be had, the ring is emptied by polling too.
 *
 * Locks: uart.lock, irq-safe, guards the registers and the ring. While a panic is reported it is
 * only tried for: its holder may be a CPU that was stopped. The handlers of the tty layer are
 * called without it.
 *
 * Registers: National Semiconductor PC16550D data sheet.
 */
#include <pagoda/uart.h>
#include <pagoda/interrupt.h>
#include <pagoda/kernel.h>
#include <pagoda/panic.h>
#include <pagoda/printk.h>
#include <pagoda/spinlock.h>
#include <asm/io.h>

#define UART_PORT 0x3f8
#define UART_IRQ  4

#define UART_RBR 0 /* received byte (read) */
#define UART_THR 0 /* byte to send (write) */
#define UART_DLL 0 /* divisor, while LCR.DLAB is set */
#define UART_DLM 1
#define UART_IER 1
#define UART_IIR 2 /* read */
#define UART_FCR 2 /* write */
#define UART_LCR 3
#define UART_MCR 4
#define UART_LSR 5

#define IER_RX	 0x01
#define IER_THRE 0x02
#define IER_LINE 0x04

#define IIR_NONE 0x01

#define FCR_ENABLE	 0x01
#define FCR_TRIGGER_8	 0x80
#define LCR_8N1		 0x03
#define LCR_DLAB	 0x80
#define MCR_LOOP	 0x10
#define MCR_DTR_RTS_OUT2 0x0b /* OUT2 lets the interrupt through on a PC */

#define LSR_DATA    0x01
#define LSR_OVERRUN 0x02
#define LSR_PARITY  0x04
#define LSR_FRAME   0x08
#define LSR_BREAK   0x10
#define LSR_ERRORS  0x1e
#define LSR_THRE    0x20
#define LSR_IDLE    0x40

#define FIFO_SIZE    16
#define TX_RING_SIZE 4096 /* a power of two */
#define TX_WAKEUP    (TX_RING_SIZE / 2)

/* Rounds of one interrupt before other interrupts get their turn. */
#define MAX_PASSES 64

/* A port that is gone reads as all ones; one that never gets empty is given up on. */
#define POLL_LIMIT 10000000

static struct {
	spinlock_t lock;
	bool present;
	bool has_irq;
	bool stopped; /* uart_tx_stop() */
	u8 ier;

	/* ring: head and tail run on without wrapping, head - tail bytes are waiting */
	u32 head;
	u32 tail;
	u8 ring[TX_RING_SIZE];

	u8 early; /* came in before the FIFO was on */
	bool has_early;
	uart_rx_fn rx;
	void *rx_arg;
	uart_tx_fn tx_wakeup;
	void *tx_arg;
} uart;

static u8 uart_in(unsigned int reg)
{
	return inb(UART_PORT + reg);
}

static void uart_out(unsigned int reg, u8 value)
{
	outb(value, UART_PORT + reg);
}

static void uart_set_ier(u8 ier)
{
	if (uart.ier != ier) {
		uart.ier = ier;
		uart_out(UART_IER, ier);
	}
}

/* Takes the lock; during a panic goes ahead after a short try. Says whether it is held. */
static bool uart_lock_console(unsigned long *flags)
{
	local_irq_save(*flags);
	if (!oops_in_progress) {
		spin_lock(&uart.lock);
		return true;
	}
	for (int i = 0; i < 100000; i++) {
		if (spin_trylock(&uart.lock))
			return true;
		cpu_relax();
	}
	return false;
}

static void uart_unlock_console(bool locked, unsigned long flags)
{
	if (locked)
		spin_unlock(&uart.lock);
	local_irq_restore(flags);
}

/* Waits until the FIFO can take FIFO_SIZE bytes; false when the port seems dead. */
static bool uart_wait_thre(void)
{
	for (int i = 0; i < POLL_LIMIT; i++) {
		if (uart_in(UART_LSR) & LSR_THRE)
			return true;
		cpu_relax();
	}
	return false;
}

static void uart_send_polled(char c, unsigned int *room)
{
	if (!*room) {
		if (!uart_wait_thre())
			return;
		*room = FIFO_SIZE;
	}
	uart_out(UART_THR, c);
	--*room;
}

/* Writes at once, with "\n" as "\r\n". */
void uart_write_polled(const char *s, size_t n)
{
	unsigned int room = 0;
	unsigned long flags;
	bool locked;

	if (!uart.present)
		return;
	locked = uart_lock_console(&flags);
	for (; n; n--, s++) {
		if (*s == '\n')
			uart_send_polled('\r', &room);
		uart_send_polled(*s, &room);
	}
	uart_unlock_console(locked, flags);
}

static void uart_console_write(struct console *con, const char *s, size_t n)
{
	uart_write_polled(s, n);
}

static struct console uart_console = {
	.name = "ttyS",
	.write = uart_console_write,
};

/* Moves bytes from the ring to the FIFO as long as it takes them. Lock held. */
static void uart_fill_fifo(void)
{
	while (uart.head != uart.tail && !uart.stopped && (uart_in(UART_LSR) & LSR_THRE)) {
		for (int i = 0; i < FIFO_SIZE && uart.head != uart.tail; i++)
			uart_out(UART_THR, uart.ring[uart.tail++ % TX_RING_SIZE]);
	}
}

/* Sends what can be sent now and lets the interrupt do the rest. Lock held. */
static void uart_kick(void)
{
	uart_fill_fifo();
	while (!uart.has_irq && uart.head != uart.tail && !uart.stopped && uart_wait_thre())
		uart_fill_fifo();
	if (uart.head != uart.tail && !uart.stopped && uart.has_irq)
		uart_set_ier(uart.ier | IER_THRE);
	else
		uart_set_ier(uart.ier & ~IER_THRE);
}

size_t uart_write(const u8 *buf, size_t n)
{
	unsigned long flags;
	size_t room;

	if (!uart.present)
		return n;
	spin_lock_irqsave(&uart.lock, flags);
	room = TX_RING_SIZE - (uart.head - uart.tail);
	if (n > room)
		n = room;
	for (size_t i = 0; i < n; i++)
		uart.ring[uart.head++ % TX_RING_SIZE] = buf[i];
	uart_kick();
	spin_unlock_irqrestore(&uart.lock, flags);
	return n;
}

size_t uart_chars_in_buffer(void)
{
	return READ_ONCE(uart.head) - READ_ONCE(uart.tail);
}

size_t uart_write_room(void)
{
	return TX_RING_SIZE - uart_chars_in_buffer();
}

void uart_flush_buffer(void)
{
	unsigned long flags;

	spin_lock_irqsave(&uart.lock, flags);
	uart.tail = uart.head;
	spin_unlock_irqrestore(&uart.lock, flags);
}

/* The interrupt comes at once when the FIFO is empty; it sends, and wakes who waits for room. */
void uart_tx_start(void)
{
	unsigned long flags;

	if (!uart.present)
		return;
	spin_lock_irqsave(&uart.lock, flags);
	uart.stopped = false;
	if (uart.has_irq && uart.head != uart.tail)
		uart_set_ier(uart.ier | IER_THRE);
	else
		uart_kick();
	spin_unlock_irqrestore(&uart.lock, flags);
}

void uart_tx_stop(void)
{
	unsigned long flags;

	if (!uart.present)
		return;
	spin_lock_irqsave(&uart.lock, flags);
	uart.stopped = true;
	uart_set_ier(uart.ier & ~IER_THRE);
	spin_unlock_irqrestore(&uart.lock, flags);
}

/* Sends everything that is waiting, polled, and waits until the last bit is on the wire. */
void uart_drain(void)
{
	unsigned long flags;
	bool locked;

	if (!uart.present)
		return;
	locked = uart_lock_console(&flags);
	while (uart.head != uart.tail && uart_wait_thre())
		uart_out(UART_THR, uart.ring[uart.tail++ % TX_RING_SIZE]);
	for (int i = 0; i < POLL_LIMIT && !(uart_in(UART_LSR) & LSR_IDLE); i++)
		cpu_relax();
	uart_unlock_console(locked, flags);
}

static unsigned int uart_rx_flags(u8 lsr)
{
	return ((lsr & LSR_BREAK) ? UART_RX_BREAK : 0) |
	       ((lsr & LSR_OVERRUN) ? UART_RX_OVERRUN : 0) |
	       ((lsr & LSR_PARITY) ? UART_RX_PARITY : 0) | ((lsr & LSR_FRAME) ? UART_RX_FRAME : 0);
}

/*
 * Reads up to size bytes that have come in; stops behind one that came with an error, which *flags
 * tells. Lock held.
 */
static size_t uart_receive(u8 *buf, size_t size, unsigned int *flags)
{
	size_t n = 0;

	*flags = 0;
	while (n < size && !*flags) {
		u8 lsr = uart_in(UART_LSR);

		if (!(lsr & LSR_DATA))
			break;
		buf[n++] = uart_in(UART_RBR);
		*flags = uart_rx_flags(lsr);
	}
	return n;
}

/* The line was not seen low for long: takes it down and up again, so that there is a new edge. */
static void uart_rearm(void)
{
	spin_lock(&uart.lock);
	uart_out(UART_IER, 0);
	uart_out(UART_IER, uart.ier);
	spin_unlock(&uart.lock);
}

static irqreturn_t uart_interrupt(int irq, void *dev)
{
	irqreturn_t ret = IRQ_NONE;
	bool wake = false;
	int pass;

	/* The line is edge-triggered: go on until the chip asks for nothing more. */
	for (pass = 0; pass < MAX_PASSES; pass++) {
		unsigned int rx_flags;
		u8 buf[64];
		size_t n;

		spin_lock(&uart.lock);
		if (uart_in(UART_IIR) & IIR_NONE) {
			spin_unlock(&uart.lock);
			break;
		}
		ret = IRQ_HANDLED;
		n = uart_receive(buf, sizeof(buf), &rx_flags);
		if (uart.ier & IER_THRE) {
			uart_kick();
			wake |= uart.head - uart.tail < TX_WAKEUP;
		}
		spin_unlock(&uart.lock);
		if (n && uart.rx)
			uart.rx(uart.rx_arg, buf, n, rx_flags);
	}
	if (pass == MAX_PASSES)
		uart_rearm();
	if (wake && uart.tx_wakeup)
		uart.tx_wakeup(uart.tx_arg);
	return ret;
}

/*
 * The handlers are set once, before the port can interrupt for them. This one gets the byte first
 * that came before the kernel was there.
 */
void uart_set_rx_handler(uart_rx_fn fn, void *arg)
{
	unsigned long flags;

	if (uart.has_early)
		fn(arg, &uart.early, 1, 0);
	spin_lock_irqsave(&uart.lock, flags);
	uart.rx_arg = arg;
	uart.rx = fn;
	if (uart.present && uart.has_irq)
		uart_set_ier(uart.ier | IER_RX | IER_LINE);
	spin_unlock_irqrestore(&uart.lock, flags);
}

void uart_set_tx_wakeup(uart_tx_fn fn, void *arg)
{
	unsigned long flags;

	spin_lock_irqsave(&uart.lock, flags);
	uart.tx_arg = arg;
	uart.tx_wakeup = fn;
	spin_unlock_irqrestore(&uart.lock, flags);
}

bool uart_present(void)
{
	return uart.present;
}

/*
 * Turning the FIFOs on clears them, and the byte that a port without FIFO holds: the first of what
 * was typed, or fed from a file, before the kernel was there. It is read in loopback mode, where
 * the port takes in no second one that would then be lost.
 */
static void uart_enable_fifo(void)
{
	uart_out(UART_MCR, MCR_LOOP);
	uart.has_early = uart_in(UART_LSR) & LSR_DATA;
	if (uart.has_early)
		uart.early = uart_in(UART_RBR);
	uart_out(UART_FCR, FCR_ENABLE | FCR_TRIGGER_8);
	uart_out(UART_MCR, MCR_DTR_RTS_OUT2);
}

/* 115200 baud, 8N1, FIFOs on, no interrupts; makes the port the console. CPU 0 alone, at boot. */
void uart_early_init(void)
{
	spin_lock_init(&uart.lock);
	if (uart_in(UART_LSR) == 0xff)
		return;
	uart_out(UART_IER, 0);
	uart_out(UART_LCR, LCR_DLAB | LCR_8N1);
	uart_out(UART_DLL, 1);
	uart_out(UART_DLM, 0);
	uart_out(UART_LCR, LCR_8N1);
	uart_enable_fifo();
	uart.present = true;
	register_console(&uart_console);
}

void uart_init(void)
{
	unsigned long flags;
	int err;

	if (!uart.present)
		return;
	err = request_irq(UART_IRQ, uart_interrupt, "ttyS0", &uart);
	if (err) {
		pr_warn("uart: no interrupt %d (error %d), output is polled\n", UART_IRQ, err);
		return;
	}
	spin_lock_irqsave(&uart.lock, flags);
	uart.has_irq = true;
	uart_in(UART_IIR);
	uart_set_ier(uart.rx ? IER_RX | IER_LINE : 0);
	spin_unlock_irqrestore(&uart.lock, flags);
}
