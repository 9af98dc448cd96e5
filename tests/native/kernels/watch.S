// Two cores: the second polls two registers in a function, and a flag in memory, which the first
// one sets after 5 ms.
.include "common.inc"
.equ AUX, PERIPHERALS + 0x215000
.global _start
_start:
    mrs x0, mpidr_el1
    and x0, x0, #3
    cbnz x0, second
    TO_EL1 0x70000
    UART_ON
    ldr x1, =AUX
    mov w0, #1
    str w0, [x1, #4]
    mov x0, #0xe0                       // spin table of core 1
    adr x1, _start
    str x1, [x0]
    sev
    ldr x0, =2500000
1:  subs x0, x0, #1
    b.ne 1b
    adr x0, flag
    mov w1, #1
    str w1, [x0]
2:  b 2b
second:
    cmp x0, #1
    b.ne 5f
    TO_EL1 0x60000
    adr x19, flag
3:  bl update
    ldr w1, [x19]
    cbz w1, 3b
    ldr x1, =UART
    mov w2, #'f'
    str w2, [x1]
5:  wfi
    b 5b
update:
    stp x29, x30, [sp, #-16]!
    ldr x1, =AUX
    ldr w0, [x1, #0x54]
    ldr x1, =UART
    ldr w0, [x1, #0x18]
    ldp x29, x30, [sp], #16
    ret
.ltorg
flag: .word 0
    VECTORS hang, hang
