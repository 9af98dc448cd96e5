// Calls to higher levels, and accesses to where nothing is, from EL1: each leaves its syndrome in memory.
.include "common.inc"
.equ LOG, 0x60000
.global _start
_start:
    ldr x10, =LOG
    adr x0, vectors_el2
    msr vbar_el2, x0
    TO_EL1 0x70000
    hvc #5
    smc #7                              // undefined: the armstub has set SCR_EL3.SMD
    ldr x0, =0x50000000
    ldr w1, [x0, #8]
    strb w1, [x0, #3]
    mrs x0, id_aa64isar0_el1
    brk #9
end:
    wfi
    b end

.macro LOG_AND_RETURN level, skip
    mrs x5, esr_\level
    mrs x6, far_\level
    mrs x7, elr_\level
    stp x5, x6, [x10], #16
    str x7, [x10], #8
    add x7, x7, #\skip
    msr elr_\level, x7
    eret
.endm
handle_el1:
    LOG_AND_RETURN el1, 4
handle_el2:
    LOG_AND_RETURN el2, 0
.ltorg
    VECTORS handle_el1, hang
.balign 2048
vectors_el2:
.rept 16
    .balign 128
    b handle_el2
.endr
