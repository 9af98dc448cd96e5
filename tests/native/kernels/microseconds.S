// Waits 200 times for 2 us, 6 us apart, as libraries do that count in microseconds: each turn reads
// the counter and its frequency.  A turn is shorter than a tick of the counter.
.include "common.inc"
.global _start
_start:
    TO_EL1 0x70000
    UART_ON
    mov x4, #200
    ldr x3, =500000
3:  mrs x1, cntpct_el0
1:  isb
    mrs x0, cntpct_el0
    mrs x2, cntfrq_el0
    sub x0, x0, x1
    mul x0, x0, x3
    cmp x0, x2
    b.lo 1b
    mov x5, #3000
4:  subs x5, x5, #1
    b.ne 4b
    subs x4, x4, #1
    b.ne 3b
    ldr x1, =UART
    mov w0, #'m'
    str w0, [x1]
    b .
.ltorg
    VECTORS hang, hang
