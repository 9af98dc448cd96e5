// Echoes what is typed, by polling PL011, and ends a line with '!'.
.include "common.inc"
.global _start
_start:
    UART_ON
1:  ldr w2, [x1, #0x18]
    tbnz w2, #4, 1b                     // FR.RXFE
    ldr w0, [x1]
    str w0, [x1]
    cmp w0, #13
    b.ne 1b
    mov w0, #'!'
    str w0, [x1]
    b 1b
