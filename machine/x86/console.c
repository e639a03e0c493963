/* SPDX-License-Identifier: BSD-2-Clause */
/* The console: a 16550 UART, transmit only and polled, and QEMU's debug port. */
#include "machine/x86/cpu.h"
#include "machine/x86/x86.h"

#define UART_PORT	 0x3f8
#define UART_DATA	 (UART_PORT + 0)
#define UART_INTERRUPTS	 (UART_PORT + 1)
#define UART_FIFO	 (UART_PORT + 2)
#define UART_LINE	 (UART_PORT + 3)
#define UART_MODEM	 (UART_PORT + 4)
#define UART_LINE_STATUS (UART_PORT + 5)
#define UART_SCRATCH	 (UART_PORT + 7)

#define LINE_8N1	  0x03
#define LINE_DIVISOR	  0x80
#define FIFO_ENABLE_CLEAR 0x07
#define MODEM_DTR_RTS	  0x03
#define STATUS_CAN_SEND	  0x20
#define DIVISOR_115200	  1
#define SEND_ATTEMPTS	  100000 /* a stuck UART must not stop the machine */

#define DEBUG_PORT	 0xe9
#define DEBUG_PORT_READS 0xe9 /* what it reads as when there is one */

static bool uart_present;
static bool debug_port_present;

void console_initialize(void)
{
	debug_port_present = port_read_8(DEBUG_PORT) == DEBUG_PORT_READS;
	port_write_8(UART_SCRATCH, 0x5a);
	uart_present = port_read_8(UART_SCRATCH) == 0x5a;
	if (!uart_present)
		return;
	port_write_8(UART_INTERRUPTS, 0);
	port_write_8(UART_LINE, LINE_DIVISOR);
	port_write_8(UART_DATA, DIVISOR_115200);
	port_write_8(UART_DATA + 1, 0);
	port_write_8(UART_LINE, LINE_8N1);
	port_write_8(UART_FIFO, FIFO_ENABLE_CLEAR);
	port_write_8(UART_MODEM, MODEM_DTR_RTS);
}

static void uart_send(u8 byte)
{
	u32 attempt;

	for (attempt = 0; attempt < SEND_ATTEMPTS; attempt++) {
		if (port_read_8(UART_LINE_STATUS) & STATUS_CAN_SEND)
			break;
		cpu_relax();
	}
	port_write_8(UART_DATA, byte);
}

void machine_console(char c)
{
	if (debug_port_present)
		port_write_8(DEBUG_PORT, (u8)c);
	if (!uart_present)
		return;
	if (c == '\n')
		uart_send('\r');
	uart_send((u8)c);
}
