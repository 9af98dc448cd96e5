// Four cores from the firmware's spin table.  Each adds 1000 to a sum under a lock, in steps of one,
// and prints its number when it is done; core 0 waits for all by WFE, and prints the sum.
.include "common.inc"
.equ ROUNDS, 1000
.global _start
_start:
    UART_ON
    adr x0, secondary
    mov x1, #0xe0
    str x0, [x1], #8
    str x0, [x1], #8
    str x0, [x1]
    dsb sy
    sev
secondary:
    mrs x19, mpidr_el1
    and x19, x19, #3
    ldr x9, =ROUNDS
1:  bl lock
    ldr x10, =sum
    ldr x11, [x10]
    add x11, x11, #1
    str x11, [x10]
    bl unlock
    subs x9, x9, #1
    b.ne 1b
    bl lock
    add w2, w19, #'0'
    bl put
    ldr x10, =done
    ldr x11, [x10]
    add x11, x11, #1
    str x11, [x10]
    bl unlock
    sev
    cbnz x19, park
2:  ldr x11, [x10]
    cmp x11, #4
    b.eq 3f
    wfe
    b 2b
3:  ldr x10, =sum
    ldr x11, [x10]
    ldr x12, =1000
    udiv x11, x11, x12                  // 4
    mov w2, #'='
    bl put
    add w2, w11, #'0'
    bl put
park:
    wfe
    b park

lock:
    ldr x0, =mutex
    mov w1, #1
    sevl
1:  wfe                                 // until somebody stores to what the exclusive load watches
2:  ldaxr w2, [x0]
    cbnz w2, 1b
    stxr w3, w1, [x0]
    cbnz w3, 2b
    ret
unlock:
    ldr x0, =mutex
    stlr wzr, [x0]
    ret
put:
    ldr x1, =UART
1:  ldr w3, [x1, #0x18]
    tbnz w3, #5, 1b
    str w2, [x1]
    ret
.ltorg
.balign 8
mutex: .quad 0
sum: .quad 0
done: .quad 0
