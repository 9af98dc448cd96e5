// Waits, each in its own way, and prints between them: reads of the counter (100 ms), a loop that
// counts (1000000 times), polls of the UART until it has sent all, a branch to itself that the timer ends.
.include "common.inc"
.global _start
_start:
    TO_EL1 0x70000
    UART_ON
    GIC_ON 30
    mrs x0, cntpct_el0
    ldr x1, =5400000
    add x1, x0, x1
1:  mrs x0, cntpct_el0
    cmp x0, x1
    b.lo 1b
    mov w2, #'1'
    bl put
    ldr x0, =1000000
2:  subs x0, x0, #1
    b.ne 2b
    mov w2, #'2'
    bl put
    ldr x1, =UART
3:  ldr w3, [x1, #0x18]
    tbnz w3, #3, 3b                     // FR.BUSY
    mov w2, #'3'
    bl put
    ldr x0, =5400000
    msr cntp_tval_el0, x0
    mov x0, #1
    msr cntp_ctl_el0, x0
    mov x20, #0
    msr daifclr, #2
    adr x3, flag
4:  ldr w0, [x3]                        // a flag in memory, that the handler sets
    cbz w0, 4b
    mov w2, #'4'
    bl put
5:  b 5b

put:
    ldr x1, =UART
    str w2, [x1]
    ret

.type handle_irq, %function
handle_irq:
    ldr x1, =GICC
    ldr w2, [x1, #12]
    ldr x0, =10800000
    msr cntp_tval_el0, x0
    str w2, [x1, #16]
    adr x0, flag
    mov w1, #1
    str w1, [x0]
    ldr x1, =UART
    mov w0, #'i'
    str w0, [x1]
    eret
.ltorg
flag: .word 0
    VECTORS hang, handle_irq
