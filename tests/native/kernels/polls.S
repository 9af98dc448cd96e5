// Polls two registers in a function that saves registers, as a compiler's code does: until a
// character comes, which it sends back, then until the timer's handler has set a flag in memory.
// Then it counts: in a register, and in a variable on the stack.
.include "common.inc"
.equ AUX, PERIPHERALS + 0x215000
.global _start
_start:
    TO_EL1 0x70000
    UART_ON
    GIC_ON 30
    ldr x1, =AUX
    mov w0, #1
    str w0, [x1, #4]                    // ENABLES: the mini UART
1:  bl update
    tbz w0, #4, 2f                      // FR.RXFE
    bl update
    tbnz w0, #4, 1b
2:  ldr x1, =UART
    ldr w2, [x1]
    bl put

    ldr x0, =540000                     // 10 ms
    msr cntp_tval_el0, x0
    mov x0, #1
    msr cntp_ctl_el0, x0
    msr daifclr, #2
    adr x19, flag
3:  bl update
    ldr w1, [x19]
    cbz w1, 3b
    msr daifset, #2
    mov w2, #'t'
    bl put

    ldr x0, =1000000
4:  subs x0, x0, #1
    b.ne 4b
    mov w2, #'r'
    bl put

    mov w1, #16960
    movk w1, #15, lsl #16               // 1000000
    sub sp, sp, #16
    str wzr, [sp, #12]
5:  ldr w0, [sp, #12]
    add w0, w0, #1
    str w0, [sp, #12]
    ldr w0, [sp, #12]
    cmp w0, w1
    b.lt 5b
    mov w2, #'s'
    bl put
6:  wfi
    b 6b

.type update, %function
update:                                 // answers FR; its frame holds who has called
    stp x29, x30, [sp, #-32]!
    mov x29, sp
    str x19, [sp, #16]
    bl line_status
    mov w19, w0
    ldr x1, =UART
    ldr w0, [x1, #0x18]
    ldr x19, [sp, #16]
    ldp x29, x30, [sp], #32
    ret

.type line_status, %function
line_status:
    str x30, [sp, #-16]!
    ldr x1, =AUX
    ldr w0, [x1, #0x54]
    ldr x30, [sp], #16
    ret

put:
    ldr x1, =UART
    str w2, [x1]
    ret

.type handle_irq, %function
handle_irq:
    stp x0, x1, [sp, #-16]!
    ldr x1, =GICC
    ldr w0, [x1, #12]
    str w0, [x1, #16]
    msr cntp_ctl_el0, xzr
    adr x1, flag
    mov w0, #1
    str w0, [x1]
    ldp x0, x1, [sp], #16
    eret
.ltorg
flag: .word 0
    VECTORS hang, handle_irq
