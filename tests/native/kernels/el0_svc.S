// A program at EL0 that calls the kernel with SVC, three times, and waits for the timer in between.
.include "common.inc"
.global _start
_start:
    TO_EL1 0x70000
    UART_ON
    GIC_ON 30
    ldr x0, =54000                      // 1 ms
    msr cntp_tval_el0, x0
    mov x0, #1
    msr cntp_ctl_el0, x0
    mov x0, #0x60000
    msr sp_el0, x0
    msr spsr_el1, xzr                   // EL0t, nothing masked
    adr x0, program
    msr elr_el1, x0
    eret
program:
    mov w0, #'a'
    svc #1
    mov w0, #'b'
    svc #2
    wfi
    mov w0, #'c'
    svc #3
1:  wfi
    b 1b

.type handle_call, %function
handle_call:
    ldr x1, =UART
    str w0, [x1]
    mrs x2, esr_el1
    and w2, w2, #0xffff
    add w2, w2, #'0'
    str w2, [x1]
    eret

.type handle_irq, %function
handle_irq:
    msr cntp_ctl_el0, xzr
    ldr x1, =GICC
    ldr w2, [x1, #12]
    str w2, [x1, #16]
    ldr x1, =UART
    mov w2, #'i'
    str w2, [x1]
    eret
.ltorg
    VECTORS hang, handle_irq, handle_call
