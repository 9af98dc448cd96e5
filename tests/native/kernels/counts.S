// Loops that count, in the ways of compilers, each some 50000 times; and some that look like it.
.include "common.inc"
.global _start
.macro DONE what
    mov w16, #\what
    str w16, [x17]
.endm
_start:
    TO_EL1 0x70000
    UART_ON
    mov x17, x1
    mov x19, #50000
    mov x0, x19
1:  sub x0, x0, #1
    cbnz x0, 1b
    DONE 'a'
    mov w0, #7
1:  nop
    add w0, w0, #1
    cmp w0, w19
    b.ne 1b
    DONE 'b'
    mov x0, x19
1:  sub x0, x0, #1                      // while (n--)
    cmn x0, #1
    b.ne 1b
    DONE 'c'
    mov x0, #0xefad
    movk x0, #2, lsl #16
1:  yield
    sub x0, x0, #3
    add x2, x2, #5
    cmp x0, #100
    b.hi 1b
    DONE 'd'
    mov w0, w19
1:  subs w0, w0, #2
    mov w4, w0
    b.pl 1b
    DONE 'e'
    sub sp, sp, #32                     // while (1) { if (i > n) break; i++; }, not optimised
    str xzr, [sp, #8]
    str w19, [sp, #20]
1:  ldr w0, [sp, #20]
    ldr w1, [sp, #8]
    cmp w1, w0
    b.gt 2f
    ldr w0, [sp, #8]
    add w0, w0, #1
    str w0, [sp, #8]
    b 1b
2:  DONE 'f'
    mov w0, #-30000                     // over zero, up to n, signed
1:  add w0, w0, #1
    cmp w19, w0
    b.ge 1b
    DONE 'g'
    mov w0, #30000                      // and unsigned, until it wraps
1:  sub w0, w0, #1
    cmp w0, w19
    b.lo 1b
    DONE 'h'
    mov w0, w19                         // two variables that move
    mov w1, #0
1:  add w1, w1, #1
    sub w0, w0, #1
    cmp w0, w1
    b.ne 1b
    DONE 'i'
    mov x0, #1                          // no constant step
    mov x2, x19
1:  add x0, x0, x0
    sub x2, x2, #1
    cbnz x2, 1b
    DONE 'j'
    str w19, [sp, #8]                   // two accesses that overlap
1:  ldr x0, [sp, #8]
    ldr w1, [sp, #8]
    sub w1, w1, #1
    str w1, [sp, #8]
    cbnz w1, 1b
    DONE 'k'
1:  b 1b
    VECTORS hang, hang
