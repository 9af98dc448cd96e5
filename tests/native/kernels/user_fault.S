// A program at EL0 jumps to a page that is not there; the kernel sees to it, and it goes on.
.include "common.inc"
.global _start
_start:
    TO_EL1 0x70000
    UART_ON
    msr spsr_el1, xzr                   // EL0t, nothing masked
    adr x0, program
    msr elr_el1, x0
    eret
program:
    movz x1, #0x12, lsl #32
    br x1
loaded:
    svc #1
    b .

.type handle_fault, %function
handle_fault:
    mrs x2, esr_el1
    lsr w2, w2, #26
    mov w0, #'f'
    cmp w2, #0x20                       // an instruction abort from a lower level
    b.eq 1f
    mov w0, #'s'
1:  ldr x1, =UART
    str w0, [x1]
    cmp w2, #0x20
    b.ne 2f
    adr x2, loaded
    msr elr_el1, x2
2:  eret
.ltorg
    VECTORS hang, hang, handle_fault
