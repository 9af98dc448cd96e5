// Pi 4: the generic timer each millisecond by way of the GIC-400; a dot for each hundredth interrupt.
.include "common.inc"
.equ PERIOD, 54000
.global _start
_start:
    TO_EL1 0x70000
    UART_ON
    GIC_ON 30
    ldr x0, =PERIOD
    msr cntp_tval_el0, x0
    mov x0, #1
    msr cntp_ctl_el0, x0
    mov x20, #0
    msr daifclr, #2
idle:
    wfi
    b idle

.type handle_irq, %function
handle_irq:
    stp x0, x1, [sp, #-16]!
    ldr x1, =GICC
    ldr w2, [x1, #12]                   // IAR
    ldr x0, =PERIOD
    msr cntp_tval_el0, x0
    str w2, [x1, #16]                   // EOIR
    add x20, x20, #1
    mov x3, #100
    udiv x4, x20, x3
    msub x4, x4, x3, x20
    cbnz x4, 1f
    ldr x1, =UART
    mov w0, #'.'
    str w0, [x1]
1:  ldp x0, x1, [sp], #16
    eret
.ltorg
    VECTORS hang, handle_irq
